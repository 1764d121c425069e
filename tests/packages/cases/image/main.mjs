// Source phase imports of a package's wasm files.
import source encoder from "@jsquash/qoi/codec/enc/qoi_enc.wasm";
import source decoder from "@jsquash/qoi/codec/dec/qoi_dec.wasm";
import encode, { init as initEncoder } from "@jsquash/qoi/encode.js";
import decode, { init as initDecoder } from "@jsquash/qoi/decode.js";

globalThis.ImageData ??= class ImageData {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};
await initEncoder(encoder);
await initDecoder(decoder);
const [width, height] = [32, 16];
const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => (i * i) >> 3);
const file = await encode(new ImageData(data, width, height));
console.log(new TextDecoder().decode(file.slice(0, 4)), file.byteLength);
const image = await decode(file);
console.log(image.width, image.height, image.data.every((byte, i) => byte === data[i]));
