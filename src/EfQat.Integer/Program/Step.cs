namespace EfQat.Integer.Program;

/// <summary>
/// One operator of an integer program: codes in, codes out. A step writes one picture of codes, which later steps name by the step's index;
/// the first step quantizes the input, the last one writes logits.
/// </summary>
/// <param name="Name">Of the module that puts the result on its grid, e.g. "layer1.0.relu1".</param>
/// <param name="From">The steps whose codes are read.</param>
public abstract record Step(string Name, int[] From)
{
    /// <summary>The sizes of the result.</summary>
    /// <exception cref="UserError">The inputs do not fit the step.</exception>
    public abstract CodeShape Output(ReadOnlySpan<CodeShape> inputs);

    /// <summary>Computes the result; nothing is allocated.</summary>
    internal abstract void Run(StepData data);

    /// <summary>The only input's sizes.</summary>
    protected CodeShape One(ReadOnlySpan<CodeShape> inputs) => inputs.Length == 1 ? inputs[0] : throw Misfit($"{inputs.Length} inputs where 1 is read");

    /// <summary>What to throw where inputs and step do not belong together.</summary>
    protected UserError Misfit(string what) => new($"{Name}: {what}; the program is damaged, compile it again");
}

/// <summary>The last step: from codes to floats, one for each class.</summary>
public abstract record LogitsStep(string Name, int[] From) : Step(Name, From);
