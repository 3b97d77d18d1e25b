namespace EfQat.Jupyter.Protocol;

sealed record ExecuteRequest(
    string Code, bool Silent = false, bool StoreHistory = true, bool AllowStdin = true, bool StopOnError = true,
    Dictionary<string, string>? UserExpressions = null);

/// <param name="Code">The cell.</param>
/// <param name="CursorPos">In Unicode code points.</param>
sealed record CompleteRequest(string Code, int CursorPos);

/// <param name="Code">The cell.</param>
/// <param name="CursorPos">In Unicode code points.</param>
sealed record InspectRequest(string Code, int CursorPos);

sealed record IsCompleteRequest(string Code);

/// <param name="HistAccessType"><c>tail</c>, <c>range</c> or <c>search</c>.</param>
/// <param name="Output">Whether results come along.</param>
/// <param name="N">How many of the last.</param>
/// <param name="Start">First of a range.</param>
/// <param name="Stop">One past the last of a range; 0: to the end.</param>
/// <param name="Pattern">Glob of a search.</param>
sealed record HistoryRequest(string HistAccessType, bool Output = false, int? N = null, int? Start = null, int? Stop = null, string? Pattern = null);

sealed record ShutdownRequest(bool Restart = false);

sealed record CommOpen(string CommId);

sealed record InputReply(string Value);
