// Embind classes over wasm.
import Yoga, { Edge, FlexDirection } from "yoga-layout";

const root = Yoga.Node.create();
root.setFlexDirection(FlexDirection.Row);
root.setWidth(300);
root.setHeight(100);
root.setPadding(Edge.All, 5);
for (const grow of [1, 2, 3]) {
  const child = Yoga.Node.create();
  child.setFlexGrow(grow);
  root.insertChild(child, root.getChildCount());
}
root.calculateLayout(undefined, undefined);
for (let i = 0; i < root.getChildCount(); i++) {
  console.log(root.getChild(i).getComputedLayout());
}
root.freeRecursive();
