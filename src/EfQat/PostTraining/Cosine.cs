namespace EfQat.PostTraining;

/// <summary>
/// cos(x, y) = ⟨x, y⟩ / (‖x‖·‖y‖). Two zeros are alike, 1, as in the authors' code; a single one is at right angles to anything, 0 [ours].
/// </summary>
internal static class Cosine
{
    /// <param name="xy">⟨x, y⟩. // any shape, float64, as the others</param>
    /// <param name="xx">‖x‖².</param>
    /// <param name="yy">‖y‖².</param>
    public static Tensor Of(Tensor xy, Tensor xx, Tensor yy)
    {
        var cosine = xy / (xx.sqrt() * yy.sqrt()).clamp_min(1e-300);
        return where(xx.eq(0) & yy.eq(0), ones_like(cosine), cosine);
    }

    /// <summary>Of each sample. // [N, …] and [N, …] → [N], float64</summary>
    public static Tensor OfSamples(Tensor x, Tensor y) => Of(Dot(x, y), Dot(x, x), Dot(y, y));

    private static Tensor Dot(Tensor x, Tensor y) => (x * y).sum([.. Enumerable.Range(1, (int)x.ndim - 1).Select(dim => (long)dim)], type: float64);
}
