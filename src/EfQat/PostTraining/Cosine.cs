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

    /// <summary>⟨x, y⟩ of each sample. // [N, …] and [N, …] → [N], float64</summary>
    public static Tensor Dot(Tensor x, Tensor y) =>
        (x * y).sum([.. Enumerable.Range(1, (int)x.ndim - 1).Select(dim => (long)dim)]).to(float64);

    /// <summary>‖x‖² of each sample: rows in float, in the order in which they lie in memory, then in double. // [N, …] → [N], float64</summary>
    public static Tensor Square(Tensor x)
    {
        if (x.ndim == 4 && x.stride(1) == 1) x = x.permute(0, 2, 3, 1);
        var rows = x.ndim > 3 ? x.flatten(2) : x;                                          // [N, …, row]
        return rows.norm(-1).to(float64).square().reshape(x.shape[0], -1).sum(1);
    }
}
