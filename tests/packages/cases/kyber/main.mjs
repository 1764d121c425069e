// Random bytes from the host, by wasm.
import { keypair, encapsulate, decapsulate } from "pqc-kyber/pqc_kyber.js";

const { pubkey, secret } = keypair();
const { ciphertext, sharedSecret } = encapsulate(pubkey);
console.log(pubkey.length, secret.length, ciphertext.length, sharedSecret.length);
console.log(decapsulate(ciphertext, secret).join() === sharedSecret.join());
console.log(keypair().pubkey.join() === pubkey.join());
