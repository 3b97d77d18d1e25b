namespace EfQat.Display.Tests.Progress;

/// <summary>A clock that stands until it is set.</summary>
sealed class FakeClock : TimeProvider
{
    public long Milliseconds { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Milliseconds;
}

/// <summary>A cell's outputs, in order.</summary>
sealed class KeptOutputs : ICellHost
{
    public List<(MimeBundle Bundle, string Id, bool Update)> Shown { get; } = [];

    public void Show(MimeBundle bundle, string id, bool update) => Shown.Add((bundle, id, update));

    public void Clear(bool wait) { }

    public void Write(string text, bool isError) { }

    public string ReadLine(string prompt, bool isPassword) => "";
}
