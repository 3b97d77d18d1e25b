// A chain of quantized 3x3 convolutions with ReLU in ONNX Runtime (QDQ, 7-bit weights): what our own integer kernels are measured against.
//
//     node onnx_chain.js CHANNELS SIZE LAYERS THREADS
//
// Out: the version of ONNX Runtime. Then a line in, the milliseconds of one run out, until standard input ends.
'use strict';
process.on('SIGINT', () => {}); // Ctrl-C is for whoever asks for the runs
const ort = require('onnxruntime-node');
const [channels, size, layers, threads] = process.argv.slice(-4).map(Number);

// Protocol buffers, as far as a model needs them: https://protobuf.dev/programming-guides/encoding, onnx.proto.
const varint = n => {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push(n % 128 | 128);
  return Buffer.from([...bytes, n]);
};
const number = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);
const bytes = (field, content) => Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
const text = (field, string) => bytes(field, Buffer.from(string));

const FLOAT = 1, UINT8 = 2, INT8 = 3;
const tensor = (name, type, dims, data) => bytes(5, Buffer.concat(
  [...dims.map(dim => number(1, dim)), number(2, type), text(8, name), bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))]));
const ints = (name, values) => bytes(5, Buffer.concat([text(1, name), ...values.map(value => number(8, value)), number(20, 7)]));
const node = (operator, inputs, output, attributes = []) => bytes(1, Buffer.concat(
  [...inputs.map(input => text(1, input)), text(2, output), text(3, output), text(4, operator), ...attributes]));
const value = (field, name) => {
  const shape = Buffer.concat([1, channels, size, size].map(dim => bytes(1, number(1, dim))));
  return bytes(field, Buffer.concat([text(1, name), bytes(2, bytes(1, Buffer.concat([number(1, UINT8), bytes(2, shape)])))]));
};

function model() {
  const parts = [
    tensor('scale', FLOAT, [], Float32Array.of(1)), tensor('zero', UINT8, [], Uint8Array.of(0)),
    tensor('weight_scale', FLOAT, [], Float32Array.of(2 ** -10)), tensor('weight_zero', INT8, [], Int8Array.of(0)),
  ];
  for (let i = 0; i < layers; i++) {
    const weights = Int8Array.from({ length: channels * channels * 9 }, () => Math.floor(Math.random() * 127) - 63);
    parts.push(
      tensor(`w${i}`, INT8, [channels, channels, 3, 3], weights),
      node('DequantizeLinear', [`q${i}`, 'scale', 'zero'], `x${i}`),
      node('DequantizeLinear', [`w${i}`, 'weight_scale', 'weight_zero'], `f${i}`),
      node('Conv', [`x${i}`, `f${i}`], `c${i}`, [ints('kernel_shape', [3, 3]), ints('pads', [1, 1, 1, 1])]),
      node('Relu', [`c${i}`], `r${i}`),
      node('QuantizeLinear', [`r${i}`, 'scale', 'zero'], `q${i + 1}`));
  }
  const graph = Buffer.concat([...parts, text(2, 'chain'), value(11, 'q0'), value(12, `q${layers}`)]);
  return Buffer.concat([number(1, 8), bytes(7, graph), bytes(8, number(2, 13))]);
}

async function main() {
  const session = await ort.InferenceSession.create(model(), { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all' });
  const codes = Uint8Array.from({ length: channels * size * size }, () => Math.floor(Math.random() * 64));
  const input = { q0: new ort.Tensor('uint8', codes, [1, channels, size, size]) };
  console.log(ort.env.versions.node ?? ort.env.versions.common);
  for await (const _ of require('readline').createInterface({ input: process.stdin })) {
    const start = process.hrtime.bigint();
    await session.run(input);
    console.log(Number(process.hrtime.bigint() - start) / 1e6);
  }
}

main();
