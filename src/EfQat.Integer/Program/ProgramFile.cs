using EfQat.Training;

namespace EfQat.Integer.Program;

/// <summary>
/// A program in one safetensors file, whole or not at all: its steps as text, a line each (kind, name, the steps it reads, its numbers in the order of
/// the record's), and their arrays in the order of the steps: integers in the bits they need (<see cref="PackedIntegers"/>), scales as F32.
/// </summary>
public static class ProgramFile
{
    private const string Family = "efqat-integer-", Format = $"{Family}3", Steps = "steps", FormatKey = "format";

    /// <summary>Writes a file.</summary>
    /// <exception cref="UserError">It cannot be written; what was at the path is untouched.</exception>
    public static void Save(IntegerProgram program, string path)
    {
        var writer = new StepWriter();
        string[] lines = [.. program.Steps.Select(writer.Line)];
        using var scope = NewDisposeScope();
        SafeTensors.Write(
            path,
            new Dictionary<string, Tensor>
            {
                ["integers"] = tensor([.. writer.Integers]), ["scales"] = tensor([.. writer.Scales]),
            },
            new Dictionary<string, string>(program.Origin) { [FormatKey] = Format, [Steps] = string.Join('\n', lines) });
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserError">It is missing, damaged, or holds something else.</exception>
    public static IntegerProgram Load(string path)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault(FormatKey, "") is var format && format != Format)
            throw new UserError(format.StartsWith(Family, StringComparison.Ordinal)
                ? $"{path}: an integer program as another version of the kit writes it ({format}; here {Format}); compile it again"
                : $"{path}: no integer program; write one with 'efqat integer compile --out FILE'");
        try
        {
            var reader = new StepReader(tensors["integers"].data<byte>().ToArray(), tensors["scales"].data<float>().ToArray());
            Step[] steps = [.. metadata[Steps].Split('\n').Select(reader.Step)];
            reader.CheckEnd();
            metadata.Remove(Steps);
            metadata.Remove(FormatKey);
            return new(steps, metadata);
        }
        catch (Exception problem) when (problem is UserError or FormatException or OverflowException or ArgumentException or KeyNotFoundException)
        {
            throw new UserError($"{path}: damaged ({problem.Message.ReplaceLineEndings(" ")}); compile it again");
        }
    }
}
