// Runs an ONNX file in ONNX Runtime, for a process that sends inputs and reads outputs.
//
//     node onnx_session.js FILE OPTIMIZATION THREADS EXACT
//
// EXACT is 1, or 0 where sums may saturate as they do by default on x86 without VNNI.
//
// Out: the version of ONNX Runtime in a line. Then again and again, until standard input ends. In: the number of dimensions and each of them as 32-bit
// integers, then for each of the file's inputs, which share this shape, its elements. Out: the milliseconds that the run took, as a 64-bit float, and the
// same as in of the first output.
'use strict';
process.on('SIGINT', () => {}); // Ctrl-C is for whoever asks for the runs
const ort = require('onnxruntime-node');
const [file, graphOptimizationLevel, threads, exact] = process.argv.slice(-4);
const arrays = { float32: Float32Array, int64: BigInt64Array };

const chunks = process.stdin[Symbol.asyncIterator]();
let rest = Buffer.alloc(0);
async function take(count) {
  const bytes = new Uint8Array(count); // aligned, as Float32Array and BigInt64Array ask for
  for (let filled = 0; filled < count;) {
    if (rest.length === 0) {
      const next = await chunks.next();
      if (next.done) process.exit();
      rest = next.value;
    }
    const part = rest.subarray(0, count - filled);
    bytes.set(part, filled);
    filled += part.length;
    rest = rest.subarray(part.length);
  }
  return bytes.buffer;
}

async function main() {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel, logSeverityLevel: 3,
    extra: { session: { x64quantprecision: exact } },
  });
  console.log(ort.env.versions.node ?? ort.env.versions.common);
  for (;;) {
    const [rank] = new Int32Array(await take(4));
    const dims = [...new Int32Array(await take(4 * rank))];
    const count = dims.reduce((product, dim) => product * dim, 1);
    const feeds = {};
    for (const { name, type } of session.inputMetadata)
      feeds[name] = new ort.Tensor(type, new arrays[type](await take(count * arrays[type].BYTES_PER_ELEMENT)), dims);
    const start = process.hrtime.bigint();
    const output = (await session.run(feeds))[session.outputNames[0]];
    process.stdout.write(new Uint8Array(Float64Array.of(Number(process.hrtime.bigint() - start) / 1e6).buffer));
    process.stdout.write(new Uint8Array(Int32Array.of(output.dims.length, ...output.dims).buffer));
    process.stdout.write(new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength));
  }
}

main();
