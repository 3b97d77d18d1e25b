namespace EfQat.PostTraining;

/// <summary>A float network's output O, which others are compared with.</summary>
internal sealed class Target
{
    private readonly Tensor squares;

    /// <param name="output">// [N, …]</param>
    /// <param name="scope">Keeps it.</param>
    public Target(Tensor output, DisposeScope scope)
    {
        (Output, squares) = (output, PostTraining.Cosine.Square(output));
        scope.Attach(Output);
        scope.Attach(squares);
    }

    /// <summary>O. // [N, …]</summary>
    public Tensor Output { get; }

    /// <summary>(1/N) Σ_i cos(O_i, Ô_i).</summary>
    public double Cosine(Tensor output) =>
        PostTraining.Cosine.Of(PostTraining.Cosine.Dot(Output, output), squares, PostTraining.Cosine.Square(output)).mean().item<double>();
}
