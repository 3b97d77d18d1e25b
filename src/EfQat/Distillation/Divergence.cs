namespace EfQat.Distillation;

/// <summary>
/// How far a student's class probabilities are from its teacher's (Kullback and Leibler), softened by a temperature (arXiv 1503.02531).
/// <code>
/// KL(t‖s) = T² · mean over samples of Σ_c p_t(c) · (log p_t(c) − log p_s(c))      p = softmax(logits / T)
/// </code>
/// </summary>
/// <param name="Temperature">T &gt; 0; T² keeps the size of the gradient.</param>
/// <param name="Reverse">KL(s‖t): the student may leave classes of the teacher out, but must not add any.</param>
public readonly record struct Divergence(double Temperature, bool Reverse = false)
{
    /// <summary>1, from the teacher to the student.</summary>
    public Divergence() : this(1) { }

    /// <param name="teacher">// [N, classes]</param>
    /// <param name="student">// [N, classes]</param>
    public Tensor Of(Tensor teacher, Tensor student)
    {
        var (logP, logQ) = ((teacher / Temperature).log_softmax(1), (student / Temperature).log_softmax(1));
        if (Reverse) (logP, logQ) = (logQ, logP);
        return Temperature * Temperature * (logP.exp() * (logP - logQ)).sum(1).mean();
    }
}
