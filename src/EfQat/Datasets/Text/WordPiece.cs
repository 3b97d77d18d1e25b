namespace EfQat.Datasets;

/// <summary>A piece of a text.</summary>
/// <param name="Id">Its line in the vocabulary, from 0.</param>
/// <param name="Start">Its first character in the text.</param>
/// <param name="End">Behind its last.</param>
public readonly record struct Token(int Id, int Start, int End);

/// <summary>
/// BERT's uncased tokenizer (arXiv 1810.04805): words are cut, from the left, into the longest pieces that the vocabulary has; a word that
/// cannot be cut so is [UNK]. Every token knows its characters.
/// </summary>
public sealed class WordPiece
{
    private const int LongestWord = 100;
    private const string Inner = "##";
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> first, inner;

    private WordPiece(string path, string[] vocabulary)
    {
        var (words, pieces) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        for (int id = 0; id < vocabulary.Length; id++)
        {
            if (vocabulary[id].StartsWith(Inner)) pieces[vocabulary[id][Inner.Length..]] = id;
            else words[vocabulary[id]] = id;
        }
        int Special(string token) => words.TryGetValue(token, out int id)
            ? id
            : throw new UserError($"{path}: it has no line {token}; use the vocab.txt of an uncased BERT");
        (Unknown, Start, Separator) = (Special("[UNK]"), Special("[CLS]"), Special("[SEP]"));
        (first, inner) = (words.GetAlternateLookup<ReadOnlySpan<char>>(), pieces.GetAlternateLookup<ReadOnlySpan<char>>());
        Count = vocabulary.Length;
    }

    /// <summary>Entries of the vocabulary.</summary>
    public int Count { get; }

    /// <summary>[UNK], a word that the vocabulary cannot spell.</summary>
    public int Unknown { get; }

    /// <summary>[CLS], before every input.</summary>
    public int Start { get; }

    /// <summary>[SEP], behind every text of an input.</summary>
    public int Separator { get; }

    /// <summary>Reads a vocabulary, one piece a line; those that go on with a word begin with ##.</summary>
    /// <exception cref="UserError">The file is missing or lacks [UNK], [CLS] or [SEP].</exception>
    public static WordPiece Load(string path) => File.Exists(path)
        ? new(path, File.ReadAllLines(path))
        : throw new UserError($"{path}: the vocabulary is missing; it is the vocab.txt beside a BERT's weights");

    /// <summary>The tokens of a text, without [CLS] and [SEP].</summary>
    public Token[] Tokenize(string text)
    {
        var tokens = new List<Token>();
        foreach (var word in Word.Split(text)) Cut(word, tokens);
        return [.. tokens];
    }

    private void Cut(Word word, List<Token> tokens)
    {
        string letters = word.Letters;
        int before = tokens.Count, start = 0;
        while (start < letters.Length && letters.Length <= LongestWord)
        {
            int end = letters.Length, id = -1;
            while (end > start && !(start == 0 ? first : inner).TryGetValue(letters.AsSpan(start..end), out id)) end--;
            if (end == start) break;
            var (from, to) = word.Origin(start, end);
            tokens.Add(new(id, from, to));
            start = end;
        }
        if (start == letters.Length) return;
        var (wordStart, wordEnd) = word.Origin(0, letters.Length);
        tokens.RemoveRange(before, tokens.Count - before);
        tokens.Add(new(Unknown, wordStart, wordEnd));
    }
}
