using EfQat.Training;
using LocalTorch.Tests;

namespace EfQat.Tests.Models;

/// <summary>The same weights, through a file, in a definition in PyTorch: outputs and all gradients of their sum of squares.</summary>
internal static class PyTorchModel
{
    /// <param name="model">Ours.</param>
    /// <param name="input">What both are given.</param>
    /// <param name="definition">Python that computes y from x and from w, the tensors by name.</param>
    public static void AssertParity(nn.Module<Tensor, Tensor> model, Tensor input, string definition)
    {
        using var scope = NewDisposeScope();
        var folder = Directory.CreateTempSubdirectory("efqat-parity-");
        try
        {
            string In(string name) => Path.Combine(folder.FullName, name);
            SafeTensors.Write(In("weights"), model.state_dict(), new Dictionary<string, string>());
            SafeTensors.Write(In("input"), new Dictionary<string, Tensor> { ["x"] = input }, new Dictionary<string, string>());
            var output = model.call(input);
            output.square().sum().backward();
            PyTorch.Run($$"""
                import struct
                from torch import nn
                F = nn.functional
                types = {'F32': torch.float32, 'F64': torch.float64, 'I64': torch.int64}
                def read(path):
                    data = open(path, 'rb').read()
                    start = 8 + struct.unpack('<q', data[:8])[0]
                    header = json.loads(data[8:start])
                    return {name: torch.frombuffer(bytearray(data[start + e['data_offsets'][0]:start + e['data_offsets'][1]]), dtype=types[e['dtype']]).reshape(e['shape'])
                            for name, e in header.items() if name != '__metadata__'}
                def write(path, tensors):
                    header, parts, end = {}, [], 0
                    for name, t in tensors.items():
                        parts.append(t.detach().contiguous().numpy().tobytes())
                        header[name] = {'dtype': 'F64' if t.dtype == torch.float64 else 'F32', 'shape': list(t.shape), 'data_offsets': [end, end + len(parts[-1])]}
                        end += len(parts[-1])
                    text = json.dumps(header).encode()
                    open(path, 'wb').write(struct.pack('<q', len(text)) + text + b''.join(parts))
                w = read('{{In("weights")}}')
                trained = {name: t.requires_grad_() for name, t in w.items() if t.is_floating_point() and '.running_' not in name}
                x = read('{{In("input")}}')['x']
                """ + "\n" + definition + "\n" + $$"""
                y.square().sum().backward()
                write('{{In("output")}}', {'output': y, **{name: t.grad for name, t in trained.items()} })
                print('{}')
                """);
            var expected = SafeTensors.Read(In("output")).Tensors;
            Assert.Equal(model.named_parameters().Count() + 1, expected.Count);
            AssertClose("output", expected["output"], output, Largest(expected["output"]));
            float greatest = model.parameters().Max(parameter => Largest(parameter.grad!));
            foreach (var (name, parameter) in model.named_parameters())  // one without effect, as the bias of BERT's keys, has rounding alone
                AssertClose(name, expected[name], parameter.grad!, Math.Max(Largest(expected[name]), 1e-3f * greatest));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static float Largest(Tensor tensor) => tensor.abs().max().item<float>();

    private static void AssertClose(string name, Tensor expected, Tensor actual, float scale)
    {
        float error = Largest(expected - actual) / scale;
        Assert.True(error < 1e-4, $"{name}: {error}");
    }
}
