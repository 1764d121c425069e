;; Quicksort of i32 with a comparator of somebody else's.
(module
  (import "js" "compare" (func $compare (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Sorts the words from $low to $high, both included, which are addresses.
  (func $sort (export "sort") (param $low i32) (param $high i32)
    (local $i i32) (local $j i32) (local $pivot i32) (local $word i32)
    (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
    (local.set $pivot
      (i32.load
        (i32.and
          (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)) (i32.const -4))))
    (local.set $i (i32.sub (local.get $low) (i32.const 4)))
    (local.set $j (i32.add (local.get $high) (i32.const 4)))
    (block $parted
      (loop $swap
        (loop $up
          (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (br_if $up
            (i32.lt_s (call $compare (i32.load (local.get $i)) (local.get $pivot)) (i32.const 0))))
        (loop $down
          (local.set $j (i32.sub (local.get $j) (i32.const 4)))
          (br_if $down
            (i32.gt_s (call $compare (i32.load (local.get $j)) (local.get $pivot)) (i32.const 0))))
        (br_if $parted (i32.ge_s (local.get $i) (local.get $j)))
        (local.set $word (i32.load (local.get $i)))
        (i32.store (local.get $i) (i32.load (local.get $j)))
        (i32.store (local.get $j) (local.get $word))
        (br $swap)))
    (call $sort (local.get $low) (local.get $j))
    (call $sort (i32.add (local.get $j) (i32.const 4)) (local.get $high))))
