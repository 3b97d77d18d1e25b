using System.Text.Json.Nodes;
using EfQat.Jupyter.Language;
using EfQat.Jupyter.Protocol;

namespace EfQat.Jupyter.Kernel;

/// <summary>What a front end asks while code is being written.</summary>
sealed class Questions(NotebookSession session)
{
    public CompleteReply Complete(CompleteRequest request)
    {
        var found = Completions.At(session.CSharp, request.Code, CodePosition.ToUtf16(request.Code, request.CursorPos));
        return new(found.Matches, CodePosition.FromUtf16(request.Code, found.Start), CodePosition.FromUtf16(request.Code, found.End), []);
    }

    public InspectReply Inspect(InspectRequest request) =>
        Inspection.At(session.CSharp, request.Code, CodePosition.ToUtf16(request.Code, request.CursorPos)) is { } found
            ? new(true, new JsonObject { ["text/plain"] = found, ["text/markdown"] = found }, [])
            : new(false, [], []);

    public static IsCompleteReply IsComplete(IsCompleteRequest request) =>
        CSharpSession.Completeness(request.Code) is "incomplete" ? new("incomplete", "    ") : new(CSharpSession.Completeness(request.Code));
}
