namespace EfQat.Datasets;

/// <summary>
/// The Stanford Sentiment Treebank with two classes, as GLUE distributes it: train.tsv and dev.tsv, a sentence, a tab, and 0 or 1 in a line.
/// </summary>
public static class Sst2
{
    private const string Header = "sentence\tlabel";

    /// <summary>One split.</summary>
    /// <param name="folder">Has train.tsv and dev.tsv: its path, or its name where data is searched for (<see cref="DatasetCatalog.Folder"/>).</param>
    /// <param name="split">"train" or "dev".</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="maxLength">Tokens of an input, [CLS] and [SEP] included; what is longer loses its end.</param>
    /// <exception cref="UserError">The file is missing, or a line has another form.</exception>
    public static TextDataset Load(string folder, string split, WordPiece tokenizer, int maxLength = 128)
    {
        string path = Path.Combine(DatasetCatalog.Folder(folder) ?? folder, $"{split}.tsv");
        if (!File.Exists(path))
            throw new UserError($"{path}: the file is missing; unpack GLUE's SST-2 there, or into a folder '{folder}' under one that EFQAT_DATA names");
        string[] lines = File.ReadAllLines(path);
        if (lines.Length < 2 || lines[0] != Header)
            throw new UserError($"{path}: line 1 must be 'sentence', a tab, 'label', with sentences below; use train.tsv or dev.tsv of GLUE's SST-2");
        TokenSequence[] sequences = [.. lines.Skip(1).Select((line, i) => line.Split('\t') switch
        {
            [var sentence, ("0" or "1") and var label] => Sequence(sentence, label),
            _ => throw new UserError($"{path}: line {i + 2} is not a sentence, a tab, and 0 or 1; get the file anew"),
        })];
        int published = split == "train" ? 67_349 : 872;
        return new(sequences.Length == published ? "SST-2" : $"SST-2 (subset of {sequences.Length} texts)", split, sequences, ["negative", "positive"]);

        TokenSequence Sequence(string sentence, string label)
        {
            var tokens = tokenizer.Tokenize(sentence);
            return TokenSequence.Of(tokenizer, tokens.AsSpan(0, Math.Min(tokens.Length, maxLength - 2)), label == "1" ? 1 : 0);
        }
    }
}
