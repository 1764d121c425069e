;; A filter for images of RGBA in linear memory: each of the three colours becomes the mean of the
;; nine pixels around it. The border stays as it is. Memory: the image, and after it the rows that
;; are overwritten, one image long.
(module
  (memory (export "memory") 2)
  (func (export "blur") (param $width i32) (param $height i32)
    (local $stride i32) (local $size i32) (local $x i32) (local $y i32)
    (local $at i32) (local $end i32) (local $sum i32) (local $dy i32) (local $from i32)
    (local.set $stride (i32.shl (local.get $width) (i32.const 2)))
    (local.set $size (i32.mul (local.get $stride) (local.get $height)))
    (memory.copy (local.get $size) (i32.const 0) (local.get $size))
    (local.set $y (i32.const 1))
    (loop $rows
      (local.set $at (i32.add (i32.mul (local.get $y) (local.get $stride)) (i32.const 4)))
      (local.set $end (i32.sub (i32.add (local.get $at) (local.get $stride)) (i32.const 8)))
      (loop $bytes
        (if (i32.ne (i32.and (local.get $at) (i32.const 3)) (i32.const 3))
          (then
            (local.set $sum (i32.const 0))
            (local.set $dy (i32.const 0))
            (local.set $from
              (i32.sub (i32.sub (i32.add (local.get $at) (local.get $size)) (local.get $stride))
                (i32.const 4)))
            (loop $nine
              (local.set $sum
                (i32.add (local.get $sum)
                  (i32.add (i32.load8_u (local.get $from))
                    (i32.add (i32.load8_u offset=4 (local.get $from))
                      (i32.load8_u offset=8 (local.get $from))))))
              (local.set $from (i32.add (local.get $from) (local.get $stride)))
              (br_if $nine
                (i32.lt_u (local.tee $dy (i32.add (local.get $dy) (i32.const 1))) (i32.const 3))))
            (i32.store8 (local.get $at) (i32.div_u (local.get $sum) (i32.const 9)))))
        (br_if $bytes
          (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
      (br_if $rows
        (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1)))
          (i32.sub (local.get $height) (i32.const 1)))))))
