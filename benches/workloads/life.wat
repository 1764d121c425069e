;; Conway's game of life on a torus, a byte a cell. The side is a power of two.
;; Memory: 0 the cells, and after them the next generation.
(module
  (memory (export "memory") 1)
  (func (export "step") (param $side i32) (result i32)
    (local $x i32) (local $y i32) (local $mask i32) (local $area i32) (local $sum i32)
    (local $dx i32) (local $dy i32) (local $at i32) (local $alive i32) (local $living i32)
    (local.set $mask (i32.sub (local.get $side) (i32.const 1)))
    (local.set $area (i32.mul (local.get $side) (local.get $side)))
    (loop $rows
      (local.set $x (i32.const 0))
      (loop $columns
        (local.set $sum (i32.const 0))
        (local.set $dy (i32.const -1))
        (loop $above
          (local.set $dx (i32.const -1))
          (loop $beside
            (local.set $sum
              (i32.add (local.get $sum)
                (i32.load8_u
                  (i32.add
                    (i32.mul
                      (i32.and (i32.add (local.get $y) (local.get $dy)) (local.get $mask))
                      (local.get $side))
                    (i32.and (i32.add (local.get $x) (local.get $dx)) (local.get $mask))))))
            (br_if $beside
              (i32.le_s (local.tee $dx (i32.add (local.get $dx) (i32.const 1))) (i32.const 1))))
          (br_if $above
            (i32.le_s (local.tee $dy (i32.add (local.get $dy) (i32.const 1))) (i32.const 1))))
        (local.set $at (i32.add (i32.mul (local.get $y) (local.get $side)) (local.get $x)))
        ;; Three with itself, or four of which it is one.
        (local.set $alive
          (i32.or
            (i32.eq (local.get $sum) (i32.const 3))
            (i32.and (i32.eq (local.get $sum) (i32.const 4)) (i32.load8_u (local.get $at)))))
        (i32.store8 (i32.add (local.get $at) (local.get $area)) (local.get $alive))
        (local.set $living (i32.add (local.get $living) (local.get $alive)))
        (br_if $columns
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $side))))
      (br_if $rows
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (local.get $side))))
    (memory.copy (i32.const 0) (local.get $area) (local.get $area))
    (local.get $living)))
