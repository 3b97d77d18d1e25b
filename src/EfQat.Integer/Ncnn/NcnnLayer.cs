using System.Globalization;

namespace EfQat.Integer.Ncnn;

/// <summary>A line of a .param file: an operator, the blobs it reads and writes, and its numbers by their keys.</summary>
/// <param name="File">Where it stands.</param>
/// <param name="Type">E.g. "Convolution".</param>
/// <param name="Name">Its own.</param>
/// <param name="Inputs">Names of blobs.</param>
/// <param name="Outputs">Names of blobs.</param>
/// <param name="Numbers">What ncnn's documentation of the operator says for each key; arrays are separated by commas.</param>
internal sealed record NcnnLayer(
    string File, string Type, string Name, string[] Inputs, string[] Outputs, IReadOnlyDictionary<int, string> Numbers)
{
    private const string Magic = "7767517";
    private const int ArrayKeys = -23300;

    /// <summary>All lines of a file.</summary>
    /// <exception cref="UserError">It is missing, or no .param file.</exception>
    public static IReadOnlyList<NcnnLayer> ReadAll(string path)
    {
        if (!System.IO.File.Exists(path)) throw new UserError($"{path}: the file is missing; check the path");
        string[] lines = [.. System.IO.File.ReadLines(path).Where(line => line.Length > 0)];
        if (lines.Length < 2 || lines[0].Trim() != Magic)
            throw new UserError($"{path}: does not begin with {Magic}; name a text .param file of ncnn (a .param.bin is another format)");
        NcnnLayer[] layers =
            [.. lines[2..].Select((line, i) => Parse(path, line) ?? throw new UserError($"{path}: line {i + 3} is no layer: '{line}'"))];
        return lines[1].Split(' ')[0] == $"{layers.Length}"
            ? layers
            : throw new UserError($"{path}: {layers.Length} layers where its second line says '{lines[1]}'; the file is truncated");
    }

    /// <summary>A whole number.</summary>
    public int this[int key, int otherwise = 0] => Numbers.TryGetValue(key, out var text)
        ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw NoNumber(key)
        : otherwise;

    /// <summary>Numbers; none where the key is missing.</summary>
    public float[] Floats(int key) => Numbers.TryGetValue(key, out var text)
        ? [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word =>
            float.TryParse(word, CultureInfo.InvariantCulture, out float number) ? number : throw NoNumber(key))]
        : [];

    /// <summary>What to throw where the layer is of no use here.</summary>
    /// <param name="what">It has.</param>
    /// <param name="instead">It could have.</param>
    public UserError Unsupported(string what, string instead) => new($"{File}: {Name}: {Type} with {what} is not supported; {instead}");

    /// <summary>The same for all its numbers.</summary>
    public UserError Unsupported(string instead) => Unsupported(string.Join(' ', Numbers.Select(pair => $"{pair.Key}={pair.Value}")), instead);

    private UserError NoNumber(int key) => Unsupported($"{key}={Numbers[key]}", "another kind of number is expected, the file is damaged");

    private static NcnnLayer? Parse(string file, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4 || !int.TryParse(words[2], out int inputs) || !int.TryParse(words[3], out int outputs)
            || inputs < 0 || outputs < 0 || words.Length - 4 < (long)inputs + outputs) return null;
        int firstOutput = 4 + inputs, firstNumber = firstOutput + outputs;
        Dictionary<int, string> numbers = [];
        foreach (string word in words[firstNumber..])
        {
            if (word.Split('=') is not [var key, var value] || !int.TryParse(key, out int index)) return null;
            // -23310=2,0.0,6.0 is an array with its length; newer files say 10=0.0,6.0.
            if (index <= ArrayKeys) numbers[ArrayKeys - index] = string.Join(',', value.Split(',').Skip(1));
            else numbers[index] = value;
        }
        return new(file, words[0], words[1], words[4..firstOutput], words[firstOutput..firstNumber], numbers);
    }
}
