namespace EfQat.Integer.Program;

/// <summary>A step whose rows may be computed at the same time.</summary>
public abstract record RowStep(string Name, int[] From) : Step(Name, From)
{
    internal sealed override void Run(StepData data) => data.ShareRows();

    /// <summary>Computes the rows of the result from one to another, which is excluded.</summary>
    internal abstract void Run(StepData data, int from, int to);
}
