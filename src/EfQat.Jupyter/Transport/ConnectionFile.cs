using System.Text.Json;
using System.Text.Json.Serialization;

namespace EfQat.Jupyter.Transport;

/// <summary>What a front end writes down for its kernel: where to listen and how to sign.</summary>
/// <param name="Ip">Address to listen on.</param>
/// <param name="ShellPort">Requests.</param>
/// <param name="ControlPort">Requests that must not wait behind a running cell.</param>
/// <param name="IopubPort">Outputs, to all clients.</param>
/// <param name="StdinPort">Questions to the user.</param>
/// <param name="HbPort">Heartbeat.</param>
/// <param name="Key">Of the signatures; empty: unsigned.</param>
/// <param name="Transport"><c>tcp</c> or <c>ipc</c>.</param>
/// <param name="SignatureScheme">Only <c>hmac-sha256</c>.</param>
public sealed record ConnectionFile(
    string Ip, int ShellPort, int ControlPort, int IopubPort, int StdinPort, int HbPort,
    string Key = "", string Transport = "tcp", string SignatureScheme = "hmac-sha256")
{
    /// <summary>Reads and checks a connection file.</summary>
    /// <exception cref="UserError">It is missing, not JSON, or lacks a field.</exception>
    public static ConnectionFile Read(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: no such connection file; a Jupyter front end writes it when it starts a kernel");
        try
        {
            var connection = JsonSerializer.Deserialize(File.ReadAllText(path), ConnectionJson.Default.ConnectionFile)!;
            if (connection.SignatureScheme != "hmac-sha256")
                throw new UserError($"{path}: signature_scheme is {connection.SignatureScheme}; only hmac-sha256 is supported");
            return connection;
        }
        catch (JsonException problem)
        {
            throw new UserError($"{path}: not a Jupyter connection file: {problem.Message}");
        }
    }

    internal string Endpoint(int port) => Transport == "ipc" ? $"ipc://{Ip}-{port}" : $"tcp://{Ip}:{port}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ConnectionFile))]
sealed partial class ConnectionJson : JsonSerializerContext;
