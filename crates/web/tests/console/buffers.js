console.log(new SharedArrayBuffer(4), new ArrayBuffer(4), new DataView(new ArrayBuffer(2)), new DataView(new SharedArrayBuffer(2)));
const rab = new ArrayBuffer(4, { maxByteLength: 8 }); console.log(rab);
console.log(Object.assign(new ArrayBuffer(1), { x: 1 }), Object.assign(new DataView(new ArrayBuffer(1)), { y: 2 }));
for (const T of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array]) console.log(new T(3), new T(), [new T(1)], T);
class A extends ArrayBuffer {} class U extends Uint8Array {} console.log(new A(2), new U(3));
console.log({ a: { b: { c: new Uint8Array(3), d: new ArrayBuffer(3) } } });
console.log(new Float32Array([1.1, -0, NaN, Infinity, 1e-7, 3.4e38, 16777217]));
console.log(new BigInt64Array(9).fill(-12n), new Uint8Array(30).map((_, i) => i * 9));
console.log(Uint8Array.prototype.__proto__ === undefined, Object.create(Uint8Array.prototype));
