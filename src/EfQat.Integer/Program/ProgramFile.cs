using EfQat.Training;

namespace EfQat.Integer.Program;

/// <summary>
/// A program in one safetensors file, whole or not at all: its steps as text, a line each (kind, name, the steps it reads, its numbers in the order of
/// the record's), and all weights and shifts as I8, biases and multipliers as I32, fractions as I16, scales as F32, in the order of the steps.
/// </summary>
public static class ProgramFile
{
    private const string Format = "efqat-integer-2", Steps = "steps", FormatKey = "format";

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
                ["weights"] = tensor([.. writer.Weights]), ["integers"] = tensor([.. writer.Integers]),
                ["fractions"] = tensor([.. writer.Fractions]), ["scales"] = tensor([.. writer.Scales]),
            },
            new Dictionary<string, string>(program.Origin) { [FormatKey] = Format, [Steps] = string.Join('\n', lines) });
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserError">It is missing, damaged, or holds something else.</exception>
    public static IntegerProgram Load(string path)
    {
        using var scope = NewDisposeScope();
        var (tensors, metadata) = SafeTensors.Read(path);
        if (metadata.GetValueOrDefault(FormatKey) != Format)
            throw new UserError($"{path}: no integer program; write one with 'efqat integer compile --out FILE'");
        try
        {
            var reader = new StepReader(
                tensors["weights"].data<sbyte>().ToArray(), tensors["integers"].data<int>().ToArray(),
                tensors["fractions"].data<short>().ToArray(), tensors["scales"].data<float>().ToArray());
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
