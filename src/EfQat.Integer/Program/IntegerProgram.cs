namespace EfQat.Integer.Program;

/// <summary>
/// A quantized network as a list of steps on codes. Floats appear at the border only: the first step quantizes the input, the last one turns
/// sums into logits. See <see cref="IntegerSession"/> to run it, <see cref="ProgramFile"/> to keep it.
/// </summary>
public sealed class IntegerProgram
{
    /// <param name="steps">Each reads earlier ones.</param>
    /// <param name="origin">What it was made from, e.g. "model", "scheme".</param>
    /// <exception cref="UserError">The steps do not fit each other.</exception>
    public IntegerProgram(IReadOnlyList<Step> steps, IReadOnlyDictionary<string, string>? origin = null)
    {
        (Steps, Origin) = (steps, origin ?? new Dictionary<string, string>());
        if (steps is not [QuantizeInput input, .., LogitsStep] || steps.OfType<LogitsStep>().Count() > 1)
            throw new UserError("an integer program begins with the quantizer of its input and ends with logits; compile it again");
        Input = input;
        var shapes = new CodeShape[steps.Count];
        for (int i = 0; i < steps.Count; i++)
        {
            if (steps[i].From.Any(step => step < 0 || step >= i))
                throw new UserError($"{steps[i].Name}: reads step {steps[i].From.Max()} and is step {i}; the program is damaged, compile it again");
            shapes[i] = steps[i].Output([.. steps[i].From.Select(step => shapes[step])]);
        }
        Shapes = shapes;
    }

    /// <summary>In the order they run.</summary>
    public IReadOnlyList<Step> Steps { get; }

    /// <summary>The sizes of each step's result.</summary>
    public IReadOnlyList<CodeShape> Shapes { get; }

    /// <summary>What it was made from.</summary>
    public IReadOnlyDictionary<string, string> Origin { get; }

    /// <summary>The first step.</summary>
    public QuantizeInput Input { get; }

    /// <summary>How many logits it returns.</summary>
    public int Classes => Shapes[^1].Channels;
}
