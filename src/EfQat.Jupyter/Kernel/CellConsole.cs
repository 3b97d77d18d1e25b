using System.Text;
using EfQat.Display;

namespace EfQat.Jupyter.Kernel;

/// <summary>
/// Console.Out or Console.Error inside cells: text goes to the cell that wrote it, gathered for a moment so that a loop of prints does not
/// become thousands of messages. Outside cells it goes to the process's own stream.
/// </summary>
sealed class CellConsole : TextWriter
{
    const int Milliseconds = 50, Limit = 1 << 15;
    readonly TextWriter outside;
    readonly bool isError;
    readonly Lock gate = new();
    readonly StringBuilder pending = new();
    readonly Timer timer;
    ICellHost? writer;

    CellConsole(TextWriter outside, bool isError)
    {
        (this.outside, this.isError) = (outside, isError);
        timer = new(_ => Flush());
    }

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Takes over Console's three streams, until the result is disposed.</summary>
    public static IDisposable Install()
    {
        var before = new Streams(Console.Out, Console.Error, Console.In);
        Console.SetOut(new CellConsole(Console.Out, isError: false));
        Console.SetError(new CellConsole(Console.Error, isError: true));
        Console.SetIn(new CellInput());
        return before;
    }

    /// <summary>Sends what is gathered.</summary>
    public static void FlushAll()
    {
        Console.Out.Flush();
        Console.Error.Flush();
    }

    public override void Write(char value) => Append([value]);

    public override void Write(string? value) => Append(value);

    public override void Write(char[] buffer, int index, int count) => Append(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Append(buffer);

    public override void WriteLine(string? value) => Append($"{value}\n");

    public override void Flush()
    {
        lock (gate) Send();
    }

    void Append(ReadOnlySpan<char> text)
    {
        if (Cell.Current?.Host is not { } host)
        {
            outside.Write(text);
            return;
        }
        lock (gate)
        {
            if (writer != host) Send();
            writer = host;
            if (pending.Length == 0) timer.Change(Milliseconds, Timeout.Infinite);
            pending.Append(text);
            if (pending.Length >= Limit) Send();
        }
    }

    void Send()
    {
        if (pending.Length == 0) return;
        writer!.Write(pending.ToString(), isError);
        pending.Clear();
    }

    sealed record Streams(TextWriter Output, TextWriter Error, TextReader Input) : IDisposable
    {
        public void Dispose()
        {
            Console.SetOut(Output);
            Console.SetError(Error);
            Console.SetIn(Input);
        }
    }
}

/// <summary>Console.In inside cells: asks the person at the front end.</summary>
sealed class CellInput : TextReader
{
    readonly Queue<char> line = new();

    public override string? ReadLine()
    {
        Console.Out.Flush();
        return Cell.Current?.Host.ReadLine("", isPassword: false);
    }

    public override int Read()
    {
        if (line.Count == 0)
            foreach (char c in ReadLine() + "\n") line.Enqueue(c);
        return line.Dequeue();
    }

    public override int Peek() => line.Count == 0 ? -1 : line.Peek();
}
