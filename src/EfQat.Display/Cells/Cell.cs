namespace EfQat.Display;

/// <summary>
/// The cell that is running. What a cell starts in the background stays tied to it: its outputs arrive under that cell, even after the next
/// one began.
/// </summary>
public sealed class Cell(ICellHost host, CancellationToken token)
{
    static readonly AsyncLocal<Cell?> Running = new();

    /// <summary>The cell this code belongs to; null outside notebooks.</summary>
    public static Cell? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    /// <summary>Cancelled by the Stop button. Hand it to training loops: they stop with their results so far.</summary>
    public static CancellationToken Token
    {
        get
        {
            if (Current is not { } cell) return default;
            cell.WatchesToken = true;
            return cell.StopToken;
        }
    }

    /// <summary>Where its outputs go.</summary>
    public ICellHost Host => host;

    /// <summary>Whether its code took the token, and so can end by itself.</summary>
    public bool WatchesToken { get; private set; }

    CancellationToken StopToken => token;
}
