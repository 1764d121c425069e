console.table([{a:1,b:'x'},{a:2,c:{d:1}}]);
console.table([[1,2],[3,4,5]]);
console.table([1,'two',{three:3}]);
console.table(new Map([['k',{a:1}],[2,'v'],['x', 1]]));
console.table(new Set([1,'a',{b:2}]));
console.table('text'); console.table(5); console.table(null); console.table(); console.table(undefined); console.table(Symbol('x'));
console.table([{a:1,b:2},{a:3,b:4}], ['b']);
console.table([{a:1,b:2},{a:3,b:4}], ['a','zz']);
console.table([{a:1,b:2},{a:3,b:4}], []);
console.table({x:{a:1},y:{b:2}, z: 5});
console.table([]); console.table({}); console.table(new Map()); console.table(new Set());
console.table([['日本','é'],['a','😀']]);
console.table({ '日': 'e\u0301' });
console.table([{ a: [1,2,3], f(){}, g: class A{}, n: null, u: undefined, d: new Date(0), o:{x:{y:1}} }]);
console.table([new Date(0), /x/, new Error('boom').message, () => 1, Symbol('s'), 10n, -0]);
console.table([[[1,[2]],{}],[[]]]);
console.table(new Map([[{a:1},[1,2]],[[1],new Map([[1,2]])]]));
console.table(new Set([[1,2],[3]]));
console.table(new Uint8Array([1,2]));
console.table([{name:'multi\nline'},{name:"it's"}]);
console.table([,1]); 
console.table([{a:1}], 'x' === 'y' ? 1 : undefined);
try { console.table([{a:1}], 'b'); } catch (e) { console.log(e.name); }
try { console.table([{a:1}], null); } catch (e) { console.log(e.name); }
try { console.table([{a:1}], {}); } catch (e) { console.log(e.name); }
console.group(); console.table([[1]]); console.groupEnd();
class P { constructor(){ this.x = 1; } get y() { return 2; } }
console.table([new P(), new P()]); console.table(new P());
console.table([[]]); console.table([{}]); console.table([{},{a:1}]); console.table([[],1]);
console.table([null, undefined]); console.table(function f() {}); console.table(Object.assign(() => 1, { q: 1 }));
console.table([new Map([[1,2]]), new Set([1])]);
console.table({ a: 'x'.repeat(100), b: [ 'y'.repeat(50), 'z' ] });
console.table([{ [Symbol('s')]: 1, v: 2 }]);
console.table([{ get g() { return 'got'; } }]);
console.table(new Error('x').name); console.table([['a\tb', '\x1b[31mred\x1b[39m']]);
console.table(new Uint8Array([7])); console.table(new Map([[{ a: 1, b: 2, c: 3 }, [1, 2, 3, 4, 5]]]));
console.table([{ 10: 'ten', b: 1 }, { 2: 'two', a: 1 }]); console.table([[1]], [0, 'length']); console.table([1, { a: 2 }], ['a']);
