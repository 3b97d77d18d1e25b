namespace EfQat.Models;

/// <summary>Self-attention, added to its input and normalized.</summary>
internal sealed class BertAttention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly BertSelfAttention self;
    private readonly BertOutput output;

    public BertAttention(BertSize size) : base(nameof(BertAttention))
    {
        self = new(size);
        output = new(size.Hidden, size);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor padding)
    {
        using var scope = NewDisposeScope();
        return output.call(self.call(x, padding), x).MoveToOuterDisposeScope();
    }
}

/// <summary>softmax(Q·Kᵀ / √d)·V in every head (arXiv 1706.03762, §3.2).</summary>
internal sealed class BertSelfAttention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> input, query, key, value, dropout;
    private readonly long heads;
    private readonly double scale;

    public BertSelfAttention(BertSize size) : base(nameof(BertSelfAttention))
    {
        heads = size.Hidden % size.Heads == 0
            ? size.Heads
            : throw new UserError($"BERT of width {size.Hidden} with {size.Heads} heads: the heads must divide the width");
        scale = 1 / Math.Sqrt(size.Hidden / heads);
        input = new SharedInput();
        query = nn.Linear(size.Hidden, size.Hidden);
        key = nn.Linear(size.Hidden, size.Hidden);
        value = nn.Linear(size.Hidden, size.Hidden);
        dropout = nn.Dropout(size.Dropout);
        RegisterComponents();
    }

    public long Heads => heads;

    /// <summary>1/√d.</summary>
    public double Scale => scale;

    /// <param name="x">// [N, L, hidden]</param>
    /// <param name="padding">True for the tokens that nothing may look at. // [N, 1, 1, L]</param>
    public override Tensor forward(Tensor x, Tensor padding)
    {
        using var scope = NewDisposeScope();
        x = input.call(x);
        var (q, k, v) = (Split(query.call(x)), Split(key.call(x)), Split(value.call(x)));
        var scores = (q * scale).matmul(k.transpose(2, 3)).masked_fill(padding, float.MinValue);               // [N, heads, L, L]
        return dropout.call(scores.softmax(-1)).matmul(v).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();  // [N, L, hidden]
    }

    private Tensor Split(Tensor x) => x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);  // [N, heads, L, d]
}
