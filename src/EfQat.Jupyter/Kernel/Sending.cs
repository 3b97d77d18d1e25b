using EfQat.Jupyter.Protocol;
using EfQat.Jupyter.Transport;

namespace EfQat.Jupyter.Kernel;

/// <summary>Messages by what they are for.</summary>
static class Sending
{
    /// <summary>Answers a request, to its sender only.</summary>
    public static void Reply(this KernelSockets sockets, Channel channel, Message request, object content) =>
        sockets.Send(channel, new(request.Identities, Header.Of(request.Type.Replace("_request", "_reply")), request.Header, Write(content)));

    /// <summary>Tells all clients.</summary>
    public static void Publish(this KernelSockets sockets, Header? parent, string type, object content) =>
        sockets.Send(Channel.Iopub, new([System.Text.Encoding.UTF8.GetBytes(type)], Header.Of(type), parent, Write(content)));

    static System.Text.Json.JsonElement Write(object content) =>
        System.Text.Json.JsonSerializer.SerializeToElement(content, content.GetType(), ProtocolJson.Default);
}
