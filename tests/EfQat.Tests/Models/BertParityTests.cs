using EfQat.Models;

namespace EfQat.Tests.Models;

/// <summary>The same weights in PyTorch's own nn.TransformerEncoderLayer.</summary>
public sealed class BertParityTests
{
    private static readonly BertSize Tiny = new(Layers: 3, Hidden: 32, Heads: 4, Intermediate: 64, Vocabulary: 50, Positions: 12);

    /// <summary>Random sentences, of which the second is shorter. // [2, 3, length]</summary>
    private static Tensor Input(BertSize size, int length)
    {
        var ids = randint(1, size.Vocabulary, [2, length]);
        var types = arange(length).ge(length / 2).to(int64).expand(2, length);
        var mask = stack([ones(length, int64), arange(length).lt(length - 3).to(int64)]);
        return stack([ids * mask, types, mask], dim: 1);
    }

    private static void AssertParity(nn.Module<Tensor, Tensor> model, BertSize size, int length, string head)
    {
        using var scope = NewDisposeScope();
        model.eval();
        using (no_grad())
            foreach (var parameter in model.parameters()) parameter.add_(0.05 * randn_like(parameter));  // biases and normalizations too
        PyTorchModel.AssertParity(model, Input(size, length), $$"""
            ids, token_types, mask = x.unbind(1)
            hidden = {{size.Hidden}}
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
            """);
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
