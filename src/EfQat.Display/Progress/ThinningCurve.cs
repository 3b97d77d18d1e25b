namespace EfQat.Display;

/// <summary>
/// A curve that stays small: when it is full, neighbours become their mean, and from then on twice as many additions make a point.
/// </summary>
/// <param name="limit">The number of points at which it is full; even.</param>
sealed class ThinningCurve(int limit)
{
    readonly List<(double X, double Y)> points = [];
    (double X, double Y) sum;
    int gathered, perPoint = 1;

    /// <summary>What was added, the newest included.</summary>
    public IEnumerable<(double X, double Y)> Points => gathered == 0 ? points : points.Append((sum.X / gathered, sum.Y / gathered));

    public void Add(double x, double y)
    {
        sum = (sum.X + x, sum.Y + y);
        if (++gathered < perPoint) return;
        points.Add((sum.X / perPoint, sum.Y / perPoint));
        (sum, gathered) = (default, 0);
        if (points.Count < limit) return;
        for (int i = 0; i < limit / 2; i++)
        {
            var (a, b) = (points[2 * i], points[2 * i + 1]);
            points[i] = ((a.X + b.X) / 2, (a.Y + b.Y) / 2);
        }
        points.RemoveRange(limit / 2, limit / 2);
        perPoint *= 2;
    }
}
