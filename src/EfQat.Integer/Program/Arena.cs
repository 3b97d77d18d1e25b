namespace EfQat.Integer.Program;

/// <summary>Where the codes of each step lie in one block of memory: what is not needed any more makes room.</summary>
/// <param name="Offsets">In bytes, for each step.</param>
/// <param name="Bytes">Of the whole block.</param>
internal sealed record Arena(int[] Offsets, int Bytes)
{
    private const int Alignment = 64;

    /// <summary>The largest first, each as low as possible beside those that live at the same time.</summary>
    public static Arena Plan(IReadOnlyList<Step> steps, IReadOnlyList<CodeShape> shapes)
    {
        int[] last = [.. Enumerable.Range(0, steps.Count)], offsets = new int[steps.Count];
        for (int step = 0; step < steps.Count; step++)
            foreach (int read in steps[step].From) last[read] = step;
        int Aligned(int step) => (shapes[step].Count + Alignment - 1) / Alignment * Alignment;

        List<int> placed = [];
        foreach (int step in Enumerable.Range(0, steps.Count).OrderByDescending(step => shapes[step].Count))
        {
            // A step's result and what it reads live together: both bounds belong to a life.
            foreach (int other in placed.Where(other => other <= last[step] && step <= last[other]).OrderBy(other => offsets[other]))
            {
                if (offsets[step] + Aligned(step) <= offsets[other]) break;
                offsets[step] = Math.Max(offsets[step], offsets[other] + Aligned(other));
            }
            placed.Add(step);
        }
        return new(offsets, placed.Max(step => offsets[step] + Aligned(step)));
    }
}
