using TorchSharp.Modules;

namespace EfQat.Models;

/// <summary>
/// BERT's encoder (arXiv 1810.04805; layers after arXiv 1706.03762, normalized behind each addition). Its parameters have Hugging Face's names
/// (<see cref="BertWeights"/>). Input: token ids, token types and attention mask, as one tensor // [N, 3, L], int64.
/// <para>Quantized are the linear layers; embeddings, both products of the attention, softmax, GELU and normalization stay floats [ours].</para>
/// </summary>
public sealed class Bert : nn.Module<Tensor, Tensor>
{
    private readonly BertEmbeddings embeddings;
    private readonly BertEncoder encoder;
    private readonly BertDense? pooler;

    /// <param name="size">Of the network.</param>
    /// <param name="pooled">The output is one vector for the whole input instead of one for each token.</param>
    public Bert(BertSize size, bool pooled) : base(nameof(Bert))
    {
        embeddings = new(size);
        encoder = new(size);
        if (pooled) pooler = new(size.Hidden, size.Hidden, x => x.tanh());
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = encoder.call(embeddings.call(input), input.select(1, 2));                            // [N, L, hidden]
        return (pooler is null ? hidden : pooler.call(hidden.select(1, 0))).MoveToOuterDisposeScope();    // or [N, hidden]
    }

    /// <summary>Starts as BERT does: weights and embeddings from a normal distribution of deviation 0.02, biases at 0.</summary>
    internal static void Initialize(nn.Module model) => model.apply(module =>
    {
        using var off = no_grad();
        if (module is Linear linear)
        {
            nn.init.normal_(linear.weight, 0, 0.02);
            nn.init.zeros_(linear.bias!);
        }
        else if (module is Embedding embedding) nn.init.normal_(embedding.weight, 0, 0.02);
    });
}

/// <summary>Token + type + position, normalized.</summary>
internal sealed class BertEmbeddings : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> word_embeddings, position_embeddings, token_type_embeddings, LayerNorm, dropout;
    private readonly long positions;

    public BertEmbeddings(BertSize size) : base(nameof(BertEmbeddings))
    {
        positions = size.Positions;
        word_embeddings = nn.Embedding(size.Vocabulary, size.Hidden, padding_idx: 0);
        position_embeddings = nn.Embedding(size.Positions, size.Hidden);
        token_type_embeddings = nn.Embedding(size.Types, size.Hidden);
        LayerNorm = nn.LayerNorm(size.Hidden, eps: 1e-12);
        dropout = nn.Dropout(size.Dropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        long length = input.shape[2];
        if (length > positions) throw new UserError($"an input has {length} tokens, the model takes {positions}; cut it, or slide a window over it");
        using var scope = NewDisposeScope();
        var x = word_embeddings.call(input.select(1, 0)) + token_type_embeddings.call(input.select(1, 1));   // [N, L, hidden]
        x = x + position_embeddings.call(arange(length, device: input.device));
        return dropout.call(LayerNorm.call(x)).MoveToOuterDisposeScope();
    }
}

/// <summary>The layers, one after the other.</summary>
internal sealed class BertEncoder : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly ModuleList<BertLayer> layer;

    public BertEncoder(BertSize size) : base(nameof(BertEncoder))
    {
        layer = nn.ModuleList([.. Enumerable.Range(0, (int)size.Layers).Select(_ => new BertLayer(size))]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var padding = mask.eq(0).unsqueeze(1).unsqueeze(2);  // [N, 1, 1, L], true where nothing may look
        return layer.Aggregate(x, (output, one) => one.call(output, padding)).MoveToOuterDisposeScope();
    }
}

/// <summary>Attention, then two linear layers at each token; each part is added to its input and normalized.</summary>
internal sealed class BertLayer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly BertAttention attention;
    private readonly BertDense intermediate;
    private readonly BertOutput output;

    public BertLayer(BertSize size) : base(nameof(BertLayer))
    {
        attention = new(size);
        intermediate = new(size.Hidden, size.Intermediate, nn.functional.gelu);
        output = new(size.Intermediate, size);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor padding)
    {
        using var scope = NewDisposeScope();
        x = attention.call(x, padding);
        return output.call(intermediate.call(x), x).MoveToOuterDisposeScope();
    }
}

/// <summary>A linear layer and what follows it.</summary>
internal sealed class BertDense : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> dense;
    private readonly Func<Tensor, Tensor> activation;

    public BertDense(long inputs, long outputs, Func<Tensor, Tensor> activation) : base(nameof(BertDense))
    {
        dense = nn.Linear(inputs, outputs);
        this.activation = activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => activation(dense.call(x));
}

/// <summary>LayerNorm(linear(x) + residual).</summary>
internal sealed class BertOutput : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> dense, dropout, LayerNorm;

    public BertOutput(long inputs, BertSize size) : base(nameof(BertOutput))
    {
        dense = nn.Linear(inputs, size.Hidden);
        dropout = nn.Dropout(size.Dropout);
        LayerNorm = nn.LayerNorm(size.Hidden, eps: 1e-12);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor residual)
    {
        using var scope = NewDisposeScope();
        return LayerNorm.call(dropout.call(dense.call(x)) + residual).MoveToOuterDisposeScope();
    }
}
