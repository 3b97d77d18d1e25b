using EfQat.Datasets;
using LocalTorch.Tests;

namespace EfQat.Tests.Datasets;

public sealed class WordPieceTests : IDisposable
{
    private static readonly string[] Vocabulary =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "a", "hello", "cafe", "!", ".", "中", "文", "ᄒ", "##ᅡ", "##ᆫ", "##b"];

    private readonly string path = Path.GetTempFileName();

    public WordPieceTests() => File.WriteAllLines(path, Vocabulary);

    public void Dispose() => File.Delete(path);

    private string[] Pieces(string text) => [.. WordPiece.Load(path).Tokenize(text).Select(token => Vocabulary[token.Id])];

    [Theory]
    [InlineData("unaffable", "un ##aff ##able")]
    [InlineData("  Hello\tUNaffa!!", "hello un ##aff ##a ! !")]
    [InlineData("Cafe\u0301. Café", "cafe . cafe")]       // an accent of its own, and one in the letter
    [InlineData("中文a", "中 文 a")]                        // ideographs are words
    [InlineData("한", "ᄒ ##ᅡ ##ᆫ")]                       // a syllable is its letters
    [InlineData("he\u0000l\u200blo\uFFFD", "hello")]        // control and format characters leave no trace
    [InlineData("unknowable hello", "[UNK] hello")]         // begins with a piece, cannot be finished
    [InlineData("\u00A0\u3000", "")]
    public void A_text_in_pieces(string text, string pieces) => Assert.Equal(pieces.Split(' ', StringSplitOptions.RemoveEmptyEntries), Pieces(text));

    [Fact]
    public void A_word_of_more_than_a_hundred_letters_is_unknown()
    {
        Assert.Equal(100, Pieces("a" + new string('b', 99)).Length);
        Assert.Equal(["[UNK]"], Pieces("a" + new string('b', 100)));
    }

    [Fact]
    public void Every_token_knows_its_characters()
    {
        const string text = "\u200bCafe\u0301 UNAFFABLE, 中文 𝔘 !";
        var found = WordPiece.Load(path).Tokenize(text).Select(token => text[token.Start..token.End]);
        Assert.Equal(["Cafe\u0301", "UN", "AFF", "ABLE", ",", "中", "文", "𝔘", "!"], found);
    }

    [Fact]
    public void A_vocabulary_without_special_tokens_is_refused()
    {
        File.WriteAllLines(path, Vocabulary.Where(word => word != "[SEP]"));
        Assert.Contains($"{path}: it has no line [SEP]", Assert.Throws<UserError>(() => WordPiece.Load(path)).Message);
        Assert.Contains("is missing", Assert.Throws<UserError>(() => WordPiece.Load(path + ".not")).Message);
    }

    /// <summary>Python's unicodedata as the oracle, where both know the character: every one alone, as BERT's preprocessing is published.</summary>
    [SkippableFact]
    public void Every_character_of_Unicode_as_Python_sees_it()
    {
        var python = PyTorch.Run("""
            import unicodedata as u
            def simple(c):
                if u.category(c)[0] == 'C' and c not in '\t\n\r': return None if u.category(c) in ('Cn', 'Cs') else ''
                if u.category(c) == 'Mn': return ''
                if c in '\t\n\r' or u.category(c)[0] == 'Z': return ' '
                return ''.join(x for x in u.normalize('NFD', c.lower()) if u.category(x) != 'Mn')
            print(json.dumps([simple(chr(i)) for i in range(0x30000)]))
            """).EnumerateArray().Select(entry => entry.GetString()).ToArray();
        var different = new List<string>();
        for (int value = 0; value < python.Length; value++)
        {
            if (python[value] is not { } expected || value is 0xFFFD or 0x1171E) continue;  // the latter became a letter in Unicode 16
            string found = string.Concat(Word.Split($"x{char.ConvertFromUtf32(value)}x").SelectMany(word => word.Letters));
            if (found != $"x{expected.Trim()}x") different.Add($"{value:X}: '{expected}' '{found}'");
        }
        Assert.Empty(different);
    }

    [SkippableFact]
    public void With_the_vocabulary_of_BERT()
    {
        string file = Path.Combine(TestData.Folder, "bert", "vocab.txt");
        Skip.IfNot(File.Exists(file), $"{file} is absent");
        var tokenizer = WordPiece.Load(file);
        Assert.Equal(30522, tokenizer.Count);
        Assert.Equal((100, 101, 102), (tokenizer.Unknown, tokenizer.Start, tokenizer.Separator));
        // "who was jim henson ? jim henson was a puppeteer", the example of BERT's README.
        string[] vocabulary = File.ReadAllLines(file);
        Assert.Equal(
            "who was jim henson ? jim henson was a puppet ##eer",
            string.Join(' ', tokenizer.Tokenize("Who was Jim Henson? Jim Henson was a puppeteer").Select(token => vocabulary[token.Id])));
    }
}
