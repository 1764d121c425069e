;; The product of two square matrices of f64, row by row. Memory: the factors, then the product.
(module
  (memory (export "memory") 1)
  (func (export "multiply") (param $size i32)
    (local $row i32) (local $column i32) (local $k i32)
    (local $bytes i32) (local $b i32) (local $c i32) (local $sum f64)
    (local.set $bytes (i32.shl (local.get $size) (i32.const 3)))
    (local.set $b (i32.mul (local.get $bytes) (local.get $size)))
    (local.set $c (i32.shl (local.get $b) (i32.const 1)))
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (local.set $k (i32.const 0))
        (local.set $sum (f64.const 0))
        (loop $sums
          (local.set $sum
            (f64.add (local.get $sum)
              (f64.mul
                (f64.load
                  (i32.add (i32.mul (local.get $row) (local.get $bytes))
                    (i32.shl (local.get $k) (i32.const 3))))
                (f64.load
                  (i32.add (local.get $b)
                    (i32.add (i32.mul (local.get $k) (local.get $bytes))
                      (i32.shl (local.get $column) (i32.const 3))))))))
          (br_if $sums
            (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (local.get $size))))
        (f64.store
          (i32.add (local.get $c)
            (i32.add (i32.mul (local.get $row) (local.get $bytes))
              (i32.shl (local.get $column) (i32.const 3))))
          (local.get $sum))
        (br_if $columns
          (i32.lt_u
            (local.tee $column (i32.add (local.get $column) (i32.const 1))) (local.get $size))))
      (br_if $rows
        (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $size))))))
