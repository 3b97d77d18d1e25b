using EfQat.Models;
using EfQat.Training;
using LocalTorch.Tests;

namespace EfQat.Tests.Models;

/// <summary>The same weights, through a file, in PyTorch's own nn.TransformerEncoderLayer: outputs and all gradients.</summary>
public sealed class BertParityTests : IDisposable
{
    private static readonly BertSize Tiny = new(Layers: 3, Hidden: 32, Heads: 4, Intermediate: 64, Vocabulary: 50, Positions: 12);

    private readonly string folder = Directory.CreateTempSubdirectory("efqat-bert-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Random sentences, of which the second is shorter. // [2, 3, length]</summary>
    private static Tensor Input(BertSize size, int length)
    {
        var ids = randint(1, size.Vocabulary, [2, length]);
        var types = arange(length).ge(length / 2).to(int64).expand(2, length);
        var mask = stack([ones(length, int64), arange(length).lt(length - 3).to(int64)]);
        return stack([ids * mask, types, mask], dim: 1);
    }

    private void AssertParity(nn.Module<Tensor, Tensor> model, BertSize size, int length, string head)
    {
        using var scope = NewDisposeScope();
        model.eval();
        using (no_grad())
            foreach (var parameter in model.parameters()) parameter.add_(0.05 * randn_like(parameter));  // biases and normalizations too
        var input = Input(size, length);
        string In(string name) => Path.Combine(folder, name);
        SafeTensors.Write(In("weights"), model.state_dict(), new Dictionary<string, string>());
        SafeTensors.Write(In("input"), new Dictionary<string, Tensor> { ["x"] = input }, new Dictionary<string, string>());
        var output = model.call(input);
        output.square().sum().backward();
        PyTorch.Run($$"""
            import struct
            from torch import nn
            types = {'F32': torch.float32, 'I64': torch.int64}
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
                    header[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [end, end + len(parts[-1])]}
                    end += len(parts[-1])
                text = json.dumps(header).encode()
                open(path, 'wb').write(struct.pack('<q', len(text)) + text + b''.join(parts))
            w = {name: t.requires_grad_() for name, t in read('{{In("weights")}}').items()}
            ids, token_types, mask = read('{{In("input")}}')['x'].unbind(1)
            F, hidden = nn.functional, {{size.Hidden}}
            def norm(x, name): return F.layer_norm(x, (hidden,), w[name + '.weight'], w[name + '.bias'], 1e-12)
            def linear(x, name): return F.linear(x, w[name + '.weight'], w[name + '.bias'])
            e = 'bert.embeddings.'
            x = F.embedding(ids, w[e + 'word_embeddings.weight'], padding_idx=0)
            x = x + w[e + 'token_type_embeddings.weight'][token_types] + w[e + 'position_embeddings.weight'][:ids.shape[1]]
            x = norm(x, e + 'LayerNorm')
            for i in range({{size.Layers}}):
                p = f'bert.encoder.layer.{i}.'
                layer = nn.TransformerEncoderLayer(hidden, {{size.Heads}}, {{size.Intermediate}}, dropout=0, activation='gelu', layer_norm_eps=1e-12, batch_first=True)
                theirs = {'self_attn.in_proj_weight': torch.cat([w[p + f'attention.self.{n}.weight'] for n in ('query', 'key', 'value')]),
                          'self_attn.in_proj_bias': torch.cat([w[p + f'attention.self.{n}.bias'] for n in ('query', 'key', 'value')])}
                for a, b in (('self_attn.out_proj', 'attention.output.dense'), ('linear1', 'intermediate.dense'), ('linear2', 'output.dense'),
                             ('norm1', 'attention.output.LayerNorm'), ('norm2', 'output.LayerNorm')):
                    for n in ('weight', 'bias'): theirs[f'{a}.{n}'] = w[f'{p}{b}.{n}']
                assert set(theirs) == set(layer.state_dict())
                x = torch.nn.utils.stateless.functional_call(layer, theirs, (x,), dict(src_key_padding_mask=mask == 0))
            y = {{head}}
            y.square().sum().backward()
            write('{{In("output")}}', {'output': y, **{name: t.grad for name, t in w.items()} })
            print('{}')
            """);
        var expected = SafeTensors.Read(In("output")).Tensors;
        Assert.Equal(model.named_parameters().Count() + 1, expected.Count);
        AssertClose("output", expected["output"], output, Largest(expected["output"]));
        float greatest = model.parameters().Max(parameter => Largest(parameter.grad!));  // a key's bias has no effect: its gradient is rounding alone
        foreach (var (name, parameter) in model.named_parameters())
            AssertClose(name, expected[name], parameter.grad!, Math.Max(Largest(expected[name]), 1e-3f * greatest));
    }

    private static float Largest(Tensor tensor) => tensor.abs().max().item<float>();

    private static void AssertClose(string name, Tensor expected, Tensor actual, float scale)
    {
        float error = Largest(expected - actual) / scale;
        Assert.True(error < 1e-4, $"{name}: {error}");
    }

    [SkippableFact]
    public void Classification()
    {
        manual_seed(1);
        using var model = new BertForSequenceClassification(Tiny, 3);
        AssertParity(model, Tiny, 11, "linear(linear(x[:, 0], 'bert.pooler.dense').tanh(), 'classifier')");
    }

    [SkippableFact]
    public void Question_answering_at_the_small_size()
    {
        manual_seed(2);
        var size = BertSize.Small with { Vocabulary = 1000 };
        using var model = new BertForQuestionAnswering(size);
        AssertParity(model, size, 40, "linear(x, 'qa_outputs')");
    }
}
