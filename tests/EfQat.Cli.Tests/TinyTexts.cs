namespace EfQat.Cli.Tests;

/// <summary>Short sentences, as SST-2's files, whose class one word tells, and the vocabulary they are written in.</summary>
static class TinyTexts
{
    /// <summary>Writes the data set; returns the options that name it and its vocabulary.</summary>
    public static string[] Write(string parent, int train, int dev = 16)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, "tiny-texts")).FullName;
        var vocabulary = Path.Combine(folder, "vocab.txt");
        string[] words = ["a", "film", "the", "story", "was", "so"];
        File.WriteAllLines(vocabulary, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", .. words]);
        var random = new Random(1);
        foreach (var (name, count) in new[] { ("train", train), ("dev", dev) })
            File.WriteAllLines(Path.Combine(folder, name + ".tsv"), [
                "sentence\tlabel",
                .. Enumerable.Range(0, count).Select(i =>
                    $"{string.Join(' ', random.GetItems(words, random.Next(1, 5)))} {(i % 2 == 1 ? "good" : "bad")}\t{i % 2}")]);
        return ["--model", "bert-small", "--data", folder, "--vocab", vocabulary];
    }
}
