using System.Text.Json.Nodes;

namespace EfQat.Jupyter.Protocol;

/// <summary>A reply that says no more than that it worked; or what went wrong.</summary>
record Reply(string Status = "ok", string? Ename = null, string? Evalue = null, IReadOnlyList<string>? Traceback = null);

sealed record LanguageInfo(string Name, string Version, string Mimetype, string FileExtension, string PygmentsLexer, string CodemirrorMode);

sealed record KernelInfoReply(
    string ProtocolVersion, string Implementation, string ImplementationVersion, LanguageInfo LanguageInfo, string Banner,
    IReadOnlyList<string> SupportedFeatures) : Reply;

sealed record ExecuteReply(
    int ExecutionCount, JsonObject UserExpressions, string Status = "ok", string? Ename = null, string? Evalue = null,
    IReadOnlyList<string>? Traceback = null) : Reply(Status, Ename, Evalue, Traceback)
{
    public JsonArray Payload { get; } = [];
}

sealed record CompleteReply(IReadOnlyList<string> Matches, int CursorStart, int CursorEnd, JsonObject Metadata) : Reply;

sealed record InspectReply(bool Found, JsonObject Data, JsonObject Metadata) : Reply;

/// <param name="Status"><c>complete</c>, <c>incomplete</c> or <c>invalid</c>.</param>
/// <param name="Indent">For the next line where incomplete.</param>
sealed record IsCompleteReply(string Status, string Indent = "");

sealed record HistoryReply(JsonArray History) : Reply;

sealed record CommInfoReply(JsonObject Comms) : Reply;

sealed record ShutdownReply(bool Restart) : Reply;
