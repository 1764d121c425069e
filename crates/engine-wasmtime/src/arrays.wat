;; Moves elements between arrays of 16-bit integers and a memory, in pieces of one page.
;;
;; `arrays.wasm` is this module; a test of `reference.rs` compares the two.
(module
  (type $a (array (mut i16)))
  (memory (export "memory") 1 1)

  ;; Copies `len` elements from `start` on to the memory; 0, and nothing copied, where the array is
  ;; of another type.
  (func (export "read") (param $array (ref array)) (param $start i32) (param $len i32) (result i32)
    (local $a (ref null $a))
    (local $i i32)
    (if (i32.eqz (ref.test (ref $a) (local.get $array)))
      (then (return (i32.const 0))))
    (local.set $a (ref.cast (ref $a) (local.get $array)))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len))
        (then
          (i32.store16
            (i32.shl (local.get $i) (i32.const 1))
            (array.get_u $a
              (local.get $a)
              (i32.add (local.get $start) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    (i32.const 1))

  ;; The other way round.
  (func (export "write") (param $array (ref array)) (param $start i32) (param $len i32) (result i32)
    (local $a (ref null $a))
    (local $i i32)
    (if (i32.eqz (ref.test (ref $a) (local.get $array)))
      (then (return (i32.const 0))))
    (local.set $a (ref.cast (ref $a) (local.get $array)))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len))
        (then
          (array.set $a
            (local.get $a)
            (i32.add (local.get $start) (local.get $i))
            (i32.load16_u (i32.shl (local.get $i) (i32.const 1))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
    (i32.const 1)))
