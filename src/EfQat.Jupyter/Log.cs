namespace EfQat.Jupyter;

/// <summary>What the front end's log shows: the process's own standard error, whatever cells do with Console.</summary>
static class Log
{
    static readonly TextWriter Error = Console.Error;

    public static void Write(string line) => Error.WriteLine($"efqat kernel: {line}");
}
