namespace EfQat.Models;

/// <summary>The sizes of a BERT (arXiv 1810.04805, §3).</summary>
/// <param name="Layers">Encoder layers.</param>
/// <param name="Hidden">Width of a token.</param>
/// <param name="Heads">Of the attention; they share the width.</param>
/// <param name="Intermediate">Width inside the feed-forward part.</param>
/// <param name="Vocabulary">Tokens known.</param>
/// <param name="Positions">The longest input.</param>
/// <param name="Types">Texts in an input.</param>
/// <param name="Dropout">The share of activations dropped in training.</param>
public sealed record BertSize(
    long Layers, long Hidden, long Heads, long Intermediate, long Vocabulary = 30522, long Positions = 512, long Types = 2, double Dropout = 0.1)
{
    /// <summary>110 million parameters.</summary>
    public static BertSize Base { get; } = new(12, 768, 12, 3072);

    /// <summary>11 million parameters, of which 8 million are the vocabulary.</summary>
    public static BertSize Small { get; } = new(4, 256, 4, 1024);

    /// <summary>bert-base or bert-small.</summary>
    /// <exception cref="UserError">There is no such size.</exception>
    public static BertSize Named(string name) => name switch
    {
        "bert-base" => Base,
        "bert-small" => Small,
        _ => throw new UserError($"model '{name}': there is no such model; use bert-base or bert-small"),
    };
}
