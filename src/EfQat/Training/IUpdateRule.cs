namespace EfQat.Training;

/// <summary>What one training step updates: everything (<see cref="Fp32Update"/>), or EfQAT's choice (<see cref="EfQatUpdate"/>).</summary>
public interface IUpdateRule : IDisposable
{
    /// <summary>Called before the forward pass, e.g. to choose the unfrozen rows anew.</summary>
    void BeforeStep(long samplesSeen);

    /// <summary>Forgets the gradients.</summary>
    void ZeroGrad();

    /// <summary>One update; the factor multiplies every base learning rate.</summary>
    void Step(double learningRateFactor);

    /// <summary>Makes the model's parameters complete, before an evaluation or a checkpoint.</summary>
    void Commit();

    /// <summary>Puts what the rule remembers into a checkpoint.</summary>
    void Save(CheckpointState state, string prefix);

    /// <summary>Takes it back, after the model's parameters were read.</summary>
    void Load(CheckpointState state, string prefix);
}
