using System.Text.Json.Nodes;

namespace EfQat.Jupyter.Protocol;

sealed record KernelStatus(string ExecutionState);

sealed record ExecuteInput(string Code, int ExecutionCount);

sealed record StreamText(string Name, string Text);

sealed record ErrorOutput(string Ename, string Evalue, IReadOnlyList<string> Traceback);

/// <summary>For display_data and update_display_data; with a count, for execute_result.</summary>
sealed record DisplayData(JsonObject Data, JsonObject Metadata, Transient? Transient = null, int? ExecutionCount = null);

sealed record Transient(string DisplayId);

sealed record ClearOutput(bool Wait);

sealed record InputRequest(string Prompt, bool Password);

sealed record CommClose(string CommId, JsonObject Data);
