console.log([], [1, 2, 3], ['a', 'b'], [undefined, null, true, () => {}]);
console.log([1.5, , 3, , , 4], new Array(5), [, 'a'], ['a', ,], Object.assign([], { x: 1 }), Object.assign([1], { x: 1, '-1': 2 }));
console.log(Array.from({ length: 101 }, (_, i) => i));
console.log(Array.from({ length: 120 }, (_, i) => 'item ' + i));
console.log(Array.from({ length: 7 }, (_, i) => i * 1000), Array.from({ length: 30 }, (_, i) => 10 ** (i % 7)));
console.log(Array.from({ length: 27 }, (_, i) => 'abcdefghijklmnop'.slice(0, i % 16)));
console.log(Array.from({ length: 10 }, (_, i) => ({ id: i })), Array.from({ length: 8 }, (_, i) => BigInt(i)));
console.log(Array.from({ length: 10 }, (_, i) => (i % 2 ? i : 'x' + i)));
const sparse = []; sparse[1000000000] = 'far'; sparse[5] = 'near';
console.log(sparse);
const holes = []; for (let i = 0; i < 300; i += 2) holes[i] = i;
console.log(holes);
console.log(new Array(1e6));
class List extends Array {}
console.log(List.from([1, 2]), new List(), new List(3));
console.log(Object.setPrototypeOf([1], null));
console.log(new Uint8Array([1, 2, 3]), new Float64Array([1.5, -0, NaN]), new BigInt64Array([1n]), new Uint8ClampedArray(2), new Int16Array());
console.log(new Uint8Array(200), Object.assign(new Int8Array(1), { x: 1 }));
class Bytes extends Uint8Array {}
console.log(new Bytes(2));
console.log([['a', 1], ['b', [2, [3, [4]]]]], [[[[[]]]]], [[[{}]]], [[[{ a: 1 }]]]);
console.log([['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'ccccccccccccccccccccc']]);
console.log({ deep: Array.from({ length: 40 }, (_, i) => i), text: Array.from({ length: 8 }, (_, i) => 'text number ' + i) });
