namespace EfQat.Datasets;

/// <summary>Labelled texts in memory, cut into tokens.</summary>
/// <param name="Name">e.g. "SST-2".</param>
/// <param name="Split">"train" or "dev".</param>
/// <param name="Sequences">The samples.</param>
/// <param name="ClassNames">In the order of the labels.</param>
public sealed record TextDataset(string Name, string Split, IReadOnlyList<TokenSequence> Sequences, IReadOnlyList<string> ClassNames)
{
    /// <summary>Samples.</summary>
    public int Count => Sequences.Count;

    /// <summary>So many texts, drawn without repetition.</summary>
    /// <exception cref="UserError">There are not so many.</exception>
    public TextDataset Subset(int count, long seed) => count < 1 || count > Count
        ? throw new UserError($"{Name}: {count} texts of its {Split} split are asked for; choose 1 to {Count}")
        : this with { Sequences = [.. SplitMix64.Permutation(Count, seed).Take(count).Select(i => Sequences[i])] };
}
