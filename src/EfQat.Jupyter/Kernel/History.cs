using System.IO.Enumeration;
using System.Text.Json.Nodes;
using EfQat.Jupyter.Protocol;

namespace EfQat.Jupyter.Kernel;

/// <summary>The cells of this kernel's life, for arrow-up in consoles.</summary>
sealed class History
{
    readonly List<(int Number, string Code, string? Output)> cells = [];

    public void Add(int number, string code, string? output) => cells.Add((number, code, output));

    public HistoryReply Find(HistoryRequest request)
    {
        var found = request.HistAccessType switch
        {
            "tail" => cells.TakeLast(request.N ?? 10),
            "range" => cells.Where(c => c.Number >= (request.Start ?? 1) && (request.Stop is null or 0 || c.Number < request.Stop)),
            "search" => cells.Where(c => FileSystemName.MatchesSimpleExpression(request.Pattern ?? "*", c.Code)).TakeLast(request.N ?? int.MaxValue),
            _ => [],
        };
        return new([.. found.Select(c => (JsonNode)new JsonArray(0, c.Number, request.Output ? new JsonArray(c.Code, c.Output) : c.Code))]);
    }
}
