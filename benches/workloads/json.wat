;; A JSON parser over UTF-8 in linear memory: adds up all numbers, and one for each other value and
;; for each byte of a string. Nothing but what it accepts is a JSON text; otherwise the sum is NaN.
;; Numbers are read digit by digit: fine for sums, not for the last bit of 1e300.
(module
  (memory (export "memory") 1)
  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  (global $failed (mut i32) (i32.const 0))

  ;; The next byte, or 0 at the end.
  (func $peek (result i32)
    (if (result i32) (i32.lt_u (global.get $at) (global.get $end))
      (then (i32.load8_u (global.get $at)))
      (else (i32.const 0))))

  (func $advance (global.set $at (i32.add (global.get $at) (i32.const 1))))

  (func $fail (result f64)
    (global.set $failed (i32.const 1))
    (f64.const 0))

  (func $space
    (local $byte i32)
    (loop $again
      (local.set $byte (call $peek))
      (if
        (i32.or
          (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x0a)))
          (i32.or (i32.eq (local.get $byte) (i32.const 0x0d)) (i32.eq (local.get $byte) (i32.const 0x09))))
        (then (call $advance) (br $again)))))

  ;; Whether the next byte is this one, which is then passed.
  (func $eat (param $byte i32) (result i32)
    (if (i32.ne (call $peek) (local.get $byte)) (then (return (i32.const 0))))
    (call $advance)
    (i32.const 1))

  (func $is_digit (result i32)
    (i32.lt_u (i32.sub (call $peek) (i32.const 0x30)) (i32.const 10)))

  ;; Appends digits to $value; there has to be one.
  (func $digits (param $value f64) (result f64)
    (if (i32.eqz (call $is_digit)) (then (return (call $fail))))
    (loop $again
      (local.set $value
        (f64.add (f64.mul (local.get $value) (f64.const 10))
          (f64.convert_i32_u (i32.sub (call $peek) (i32.const 0x30)))))
      (call $advance)
      (br_if $again (call $is_digit)))
    (local.get $value))

  (func $number (result f64)
    (local $value f64) (local $scale f64) (local $start i32) (local $minus i32)
    (local.set $minus (call $eat (i32.const 0x2d)))
    (if (i32.eqz (call $eat (i32.const 0x30)))
      (then (local.set $value (call $digits (f64.const 0)))))
    (if (call $eat (i32.const 0x2e))
      (then
        (local.set $start (global.get $at))
        (local.set $value (call $digits (local.get $value)))
        (local.set $scale (f64.const 1))
        (loop $again
          (local.set $scale (f64.mul (local.get $scale) (f64.const 10)))
          (br_if $again
            (i32.lt_u (local.tee $start (i32.add (local.get $start) (i32.const 1))) (global.get $at))))
        (local.set $value (f64.div (local.get $value) (local.get $scale)))))
    (select (f64.neg (local.get $value)) (local.get $value) (local.get $minus)))

  (func $string (result f64)
    (local $byte i32) (local $count i32)
    (loop $again
      (local.set $byte (call $peek))
      (if (i32.lt_u (local.get $byte) (i32.const 0x20)) (then (return (call $fail))))
      (call $advance)
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then (return (f64.convert_i32_u (local.get $count)))))
      ;; What follows a backslash is no quote.
      (if (i32.eq (local.get $byte) (i32.const 0x5c)) (then (call $advance)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br $again))
    (unreachable))

  ;; true, false or null, of which only the length is looked at.
  (func $word (param $length i32) (result f64)
    (global.set $at (i32.add (global.get $at) (local.get $length)))
    (if (i32.gt_u (global.get $at) (global.get $end)) (then (return (call $fail))))
    (f64.const 1))

  ;; The values up to the byte $close, with names or without.
  (func $values (param $close i32) (param $named i32) (result f64)
    (local $sum f64)
    (call $space)
    (if (call $eat (local.get $close)) (then (return (f64.const 1))))
    (loop $again
      (if (local.get $named)
        (then
          (call $space)
          (if (i32.eqz (call $eat (i32.const 0x22))) (then (return (call $fail))))
          (local.set $sum (f64.add (local.get $sum) (call $string)))
          (call $space)
          (if (i32.eqz (call $eat (i32.const 0x3a))) (then (return (call $fail))))))
      (local.set $sum (f64.add (local.get $sum) (call $value)))
      (if (global.get $failed) (then (return (f64.const 0))))
      (call $space)
      (br_if $again (call $eat (i32.const 0x2c))))
    (if (i32.eqz (call $eat (local.get $close))) (then (return (call $fail))))
    (f64.add (local.get $sum) (f64.const 1)))

  (func $value (result f64)
    (local $byte i32)
    (call $space)
    (local.set $byte (call $peek))
    (if (i32.eq (local.get $byte) (i32.const 0x7b))
      (then (call $advance) (return (call $values (i32.const 0x7d) (i32.const 1)))))
    (if (i32.eq (local.get $byte) (i32.const 0x5b))
      (then (call $advance) (return (call $values (i32.const 0x5d) (i32.const 0)))))
    (if (i32.eq (local.get $byte) (i32.const 0x22))
      (then (call $advance) (return (call $string))))
    (if (i32.eq (local.get $byte) (i32.const 0x74)) (then (return (call $word (i32.const 4)))))
    (if (i32.eq (local.get $byte) (i32.const 0x66)) (then (return (call $word (i32.const 5)))))
    (if (i32.eq (local.get $byte) (i32.const 0x6e)) (then (return (call $word (i32.const 4)))))
    (call $number))

  (func (export "parse") (param $length i32) (result f64)
    (local $sum f64)
    (global.set $at (i32.const 0))
    (global.set $end (local.get $length))
    (global.set $failed (i32.const 0))
    (local.set $sum (call $value))
    (call $space)
    (select (f64.const nan) (local.get $sum)
      (i32.or (global.get $failed) (i32.ne (global.get $at) (global.get $end))))))
