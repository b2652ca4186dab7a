module creditbank.example/logverifier

go 1.25
