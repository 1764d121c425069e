function six() {
  return 6;
}
