// Asks one question and prints the signed answer; Java 17 or newer and nothing else:
//   java Ask.java question.json application-2026-0117
// Wants BANK, CLIENT_ID and CLIENT_SECRET in the environment.
import java.net.URI;
import java.net.http.*;
import java.nio.file.Path;
import java.util.Base64;

class Ask {
    public static void main(String[] file) throws Exception {
        var env = System.getenv();
        var http = HttpClient.newHttpClient();
        var basic = Base64.getEncoder().encodeToString((env.get("CLIENT_ID") + ":" + env.get("CLIENT_SECRET")).getBytes());
        var api = env.get("BANK") + "/api/v1";
        var grant = HttpRequest.newBuilder(URI.create(api + "/oauth/token")).header("Authorization", "Basic " + basic)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials")).build();
        var token = http.send(grant, HttpResponse.BodyHandlers.ofString()).body().replaceAll("(?s).*\"access_token\": *\"([^\"]*)\".*", "$1");
        var ask = HttpRequest.newBuilder(URI.create(api + "/verdicts")).header("Authorization", "Bearer " + token)
            .header("Idempotency-Key", file[1]).header("Content-Type", "application/json").header("Accept", "application/jose")
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(file[0]))).build();
        var answer = http.send(ask, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.body());
        System.exit(answer.statusCode() == 201 ? 0 : 1);
    }
}
