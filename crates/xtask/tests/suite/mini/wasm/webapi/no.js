let 1;
