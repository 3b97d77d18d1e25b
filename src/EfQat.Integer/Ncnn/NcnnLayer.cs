using System.Globalization;

namespace EfQat.Integer.Ncnn;

/// <summary>A line of a .param file: an operator, the blobs it reads and writes, and its numbers by their keys.</summary>
/// <param name="Type">E.g. "Convolution".</param>
/// <param name="Name">Its own.</param>
/// <param name="Inputs">Names of blobs.</param>
/// <param name="Outputs">Names of blobs.</param>
/// <param name="Numbers">What ncnn's documentation of the operator says for each key.</param>
internal sealed record NcnnLayer(string Type, string Name, string[] Inputs, string[] Outputs, IReadOnlyDictionary<int, string> Numbers)
{
    private const string Magic = "7767517";

    /// <summary>All lines of a file.</summary>
    /// <exception cref="UserError">It is missing, or no .param file.</exception>
    public static IReadOnlyList<NcnnLayer> ReadAll(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; check the path");
        string[] lines = [.. File.ReadLines(path).Where(line => line.Length > 0)];
        if (lines.Length < 2 || lines[0].Trim() != Magic)
            throw new UserError($"{path}: does not begin with {Magic}; name a text .param file of ncnn (a .param.bin is another format)");
        NcnnLayer[] layers = [.. lines[2..].Select((line, i) => Parse(line) ?? throw new UserError($"{path}: line {i + 3} is no layer: '{line}'"))];
        return lines[1].Split(' ')[0] == $"{layers.Length}"
            ? layers
            : throw new UserError($"{path}: {layers.Length} layers where its second line says '{lines[1]}'; the file is truncated");
    }

    /// <summary>A whole number.</summary>
    public int this[int key, int otherwise = 0] => Numbers.TryGetValue(key, out var text)
        ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : throw Unsupported($"{key}={text}")
        : otherwise;

    /// <summary>What to throw where the layer is of no use here.</summary>
    public UserError Unsupported(string what) => new($"{Name}: {Type} with {what} is not supported");

    private static NcnnLayer? Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4 || !int.TryParse(words[2], out int inputs) || !int.TryParse(words[3], out int outputs)
            || inputs < 0 || outputs < 0 || words.Length - 4 < (long)inputs + outputs) return null;
        int firstOutput = 4 + inputs, firstNumber = firstOutput + outputs;
        Dictionary<int, string> numbers = [];
        foreach (string word in words[firstNumber..])
        {
            if (word.Split('=') is not [var key, var value] || !int.TryParse(key, out int index)) return null;
            numbers[index] = value;
        }
        return new(words[0], words[1], words[4..firstOutput], words[firstOutput..firstNumber], numbers);
    }
}
