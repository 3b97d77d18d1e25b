namespace EfQat.Display;

/// <summary>One column of a table.</summary>
/// <param name="Title">What it holds.</param>
/// <param name="Unit">Its unit, shown in the header; null for a bare number or a text.</param>
/// <param name="IsNumber">Numbers stand right-aligned.</param>
public sealed record TableColumn(string Title, string? Unit, bool IsNumber)
{
    /// <summary>Title and unit: <c>Backward (ms)</c>.</summary>
    public string Header => Unit is null ? Title : $"{Title} ({Unit})";
}
