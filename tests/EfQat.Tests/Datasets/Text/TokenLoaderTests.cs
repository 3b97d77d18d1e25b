using EfQat.Datasets;

namespace EfQat.Tests.Datasets;

public sealed class TokenLoaderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("efqat-text").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private WordPiece Tokenizer()
    {
        string path = Path.Combine(folder, "vocab.txt");
        File.WriteAllLines(path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "very"]);
        return WordPiece.Load(path);
    }

    [Fact]
    public void A_batch_is_as_long_as_its_longest_sequence()
    {
        using var scope = NewDisposeScope();
        var tokenizer = Tokenizer();
        Token[] Tokens(string text) => tokenizer.Tokenize(text);
        TokenSequence[] pairs =
            [TokenSequence.Of(tokenizer, Tokens("good"), Tokens("bad"), [3, 3]), TokenSequence.Of(tokenizer, Tokens("very good"), Tokens("very very bad"), [0, 0])];
        var batch = new TokenLoader("pairs", pairs, 2).Epoch().Single();
        Assert.Equal([2L, 3, 8], batch.Images.shape);
        Assert.Equal(
            [
                2, 4, 3, 5, 3, 0, 0, 0,   0, 0, 0, 1, 1, 1, 1, 1,   1, 1, 1, 1, 1, 0, 0, 0,
                2, 6, 4, 3, 6, 6, 5, 3,   0, 0, 0, 0, 1, 1, 1, 1,   1, 1, 1, 1, 1, 1, 1, 1,
            ],
            batch.Images.data<long>().ToArray().Select((value, i) => i is 13 or 14 or 15 ? 1 : value));  // types behind the end do not matter
        Assert.Equal([2L, 2], batch.Labels.shape);
        Assert.Equal([3L, 3, 0, 0], batch.Labels.data<long>().ToArray());
    }

    [Fact]
    public void An_epoch_goes_on_from_any_batch_in_an_order_of_its_own()
    {
        var sequences = Enumerable.Range(0, 11).Select(i => new TokenSequence([2, i, 3], 3, [i])).ToArray();
        var loader = new TokenLoader("numbers", sequences, 2, shuffle: true, seed: 1);
        long[] Labels(int epoch, int first) => [.. loader.Epoch(epoch, first).SelectMany(batch => batch.Labels.data<long>().ToArray())];
        Assert.Equal(5, loader.BatchesPerEpoch);
        Assert.Equal(10, Labels(0, 0).Distinct().Count());
        Assert.Equal(Labels(0, 0)[6..], Labels(0, 3));
        Assert.NotEqual(Labels(0, 0), Labels(1, 0));
        Assert.Equal(6, new TokenLoader("numbers", sequences, 2).Epoch().Count());
    }

    [Fact]
    public void Batches_by_length_have_next_to_no_padding_and_an_order_of_their_own()
    {
        var random = new Random(1);
        var sequences = Enumerable.Range(0, 200).Select(i => new TokenSequence(new int[3 + random.Next(10)], 3, [i])).ToArray();
        var loader = new TokenLoader("lengths", sequences, 8, shuffle: true, seed: 1, byLength: true);
        (long Length, long[] Labels)[] Batches(int epoch, int first) =>
            [.. loader.Epoch(epoch, first).Select(batch => (batch.Images.shape[2], batch.Labels.data<long>().ToArray()))];
        var batches = Batches(0, 0);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), batches.SelectMany(batch => batch.Labels).Order());
        Assert.Equal(batches[7..].SelectMany(batch => batch.Labels), Batches(0, 7).SelectMany(batch => batch.Labels));

        // Sorted they would need one filled-up batch for each of the nine changes of length.
        Assert.InRange(batches.Count(batch => batch.Labels.Any(i => sequences[i].Tokens.Length < batch.Length)), 0, 9);
        Assert.NotEqual(batches.Select(batch => batch.Length).Order(), batches.Select(batch => batch.Length));
        Assert.NotEqual(batches[0].Labels.Order(), Batches(1, 0).First(batch => batch.Length == batches[0].Length).Labels.Order());
    }

    [Fact]
    public void A_subset_is_drawn_without_repetition()
    {
        var texts = new TextDataset("numbers", "train", [.. Enumerable.Range(0, 20).Select(i => new TokenSequence([2, i, 3], 3, [i]))], ["few", "many"]);
        int[] Chosen(long seed) => [.. texts.Subset(10, seed).Sequences.Select(sequence => sequence.Tokens[1])];
        Assert.Equal(10, Chosen(1).Distinct().Count());
        Assert.Equal(Chosen(1), Chosen(1));
        Assert.NotEqual(Chosen(1), Chosen(2));
        Assert.Contains("21 texts of its train split are asked for; choose 1 to 20", Assert.Throws<UserError>(() => texts.Subset(21, 1)).Message);
    }

    [Fact]
    public void Sst2_is_a_sentence_a_tab_and_a_class()
    {
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), "sentence\tlabel\nvery good \t1\nbad bad bad\t0\n");
        var sequences = Sst2.Load(folder, "dev", Tokenizer(), maxLength: 4).Sequences;
        Assert.Equal([[2, 6, 4, 3], [2, 5, 5, 3]], sequences.Select(sequence => sequence.Tokens));
        Assert.Equal([[1L], [0L]], sequences.Select(sequence => sequence.Labels));
        Assert.All(sequences, sequence => Assert.Equal(4, sequence.Second));
    }

    [Theory]
    [InlineData("sentence\tlabel\ngood\t1\nbad\t2\n", "dev.tsv: line 3 is not")]
    [InlineData("sentence\tlabel\ngood\n", "dev.tsv: line 2 is not")]
    [InlineData("index\tsentence\n0\tgood\n", "dev.tsv: line 1 must be")]
    [InlineData("", "dev.tsv: line 1 must be")]
    public void Other_files_are_refused(string content, string error)
    {
        File.WriteAllText(Path.Combine(folder, "dev.tsv"), content);
        Assert.Contains(error, Assert.Throws<UserError>(() => Sst2.Load(folder, "dev", Tokenizer())).Message);
        Assert.Contains("train.tsv: the file is missing", Assert.Throws<UserError>(() => Sst2.Load(folder, "train", Tokenizer())).Message);
    }

    [SkippableFact]
    public void The_development_set_of_Sst2()
    {
        var (data, vocabulary) = (Path.Combine(TestData.Folder, "sst2"), Path.Combine(TestData.Folder, "bert", "vocab.txt"));
        Skip.IfNot(Directory.Exists(data) && File.Exists(vocabulary), $"{data} or {vocabulary} is absent");
        var sequences = Sst2.Load(data, "dev", WordPiece.Load(vocabulary)).Sequences;
        Assert.Equal(872, sequences.Count);
        Assert.Equal(444, sequences.Count(sequence => sequence.Labels[0] == 1));
        Assert.DoesNotContain(100, sequences.Take(10).SelectMany(sequence => sequence.Tokens));  // plain English has no unknown words
    }
}
