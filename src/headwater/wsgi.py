"""The web application, served by granian in WSGI mode."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
