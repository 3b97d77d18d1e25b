namespace EfQat.Diagnosis;

/// <summary>How serious a finding is: fine, absent but not needed, or in the way of everything.</summary>
public enum Status
{
    /// <summary>Present and working.</summary>
    Ok,

    /// <summary>Not here; only what asks for it is affected.</summary>
    Absent,

    /// <summary>Missing or broken, and nothing runs without it.</summary>
    Missing,
}

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Part">What was looked at.</param>
/// <param name="Found">What is there.</param>
/// <param name="Status">How serious it is.</param>
/// <param name="Remedy">What to do about it; null where nothing is to be done.</param>
public sealed record Finding(string Part, string Found, Status Status = Status.Ok, string? Remedy = null)
{
    /// <summary>Looks at one part; what it throws becomes a finding instead of ending the examination.</summary>
    public static Finding Of(string part, Func<Finding> look)
    {
        try
        {
            return look();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            var cause = problem;
            while (cause is TypeInitializationException { InnerException: { } inner })
                cause = inner;
            return new(part, cause.Message.ReplaceLineEndings(" "), Status.Missing, Remedies.Torch);
        }
    }
}

static class Remedies
{
    public const string Torch = "./build.sh setup && ./build.sh build";
}
